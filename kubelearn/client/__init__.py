"""What every component is written with: a client, informers, a work queue, an event recorder."""
from kubelearn.client.client import Client
from kubelearn.client.informer import Informer
from kubelearn.client.workqueue import WorkQueue

__all__ = ["Client", "Informer", "WorkQueue"]
