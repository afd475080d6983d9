"""kubelearn: a small, readable, faithful Kubernetes inside one Python process, and a course that runs on it."""
