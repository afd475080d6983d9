"""A small ingress controller: a web server in a Pod that reads Ingress objects and passes each request to the Service they name.

Part of Kubernetes: what ingress-nginx or Traefik are to a cluster; Kubernetes itself brings none. Law 2: it reads Ingresses through a
client and reaches Services by their DNS names. Leaves out: TLS, default backends, regular expressions, classes.
"""
from __future__ import annotations

from kubelearn.client import Client
from kubelearn.kubelet.images import image
from kubelearn.kubelet.images.http import Request, Response, request, serve

IMAGE, NAME, PORT = "kubelearn/tiny-ingress:1.0", "tiny-ingress", 8080


def backend(ingresses: list[dict], host: str, path: str) -> tuple[str, int] | None:
    """The Service (name.namespace) and port for a request: the longest path of a rule that fits."""
    fits = []
    for ingress in ingresses:
        for rule in ingress["spec"].get("rules", ()):
            for entry in (rule.get("http") or {}).get("paths", ()) if rule.get("host", host) == host else ():
                prefix = entry.get("path", "/").rstrip("/")
                if path == prefix or entry["pathType"] != "Exact" and f"{path}/".startswith(f"{prefix}/"):
                    service = entry["backend"]["service"]
                    fits.append((len(prefix), f"{service['name']}.{ingress['metadata']['namespace']}", service["port"]["number"]))
    return max(fits)[1:] if fits else None


def install(cluster, node_port: int = 30086) -> None:
    """Runs the controller as a Deployment behind a NodePort, as an addon of a real cluster would be."""
    client = Client(cluster.registry, NAME)
    ingresses = client.informer("Ingress")

    @image(IMAGE, ports=[PORT])
    async def program(process) -> int:
        async def answer(asked: Request) -> Response:
            host = asked.headers.get("host", "").partition(":")[0]
            found = backend(ingresses.list(), host, asked.path)
            if found is None:
                return Response(404, f"no Ingress has a rule for {host}{asked.path}\n")
            try:
                reply = await request(await process.connect(*found), asked.method, host, asked.target, body=asked.body)
            except (OSError, EOFError):
                return Response(503, f"service {found[0]} does not answer\n")
            return Response(reply.status, reply.body, reply.headers.get("content-type", "text/plain"))
        serve(process, PORT, answer)
        await process.forever()

    def told(old: dict | None, new: dict | None) -> None:
        """Says at which address this Ingress is served, as `kubectl get ingress` shows it."""
        entry = {"ip": next(iter(cluster.network.nodes.values()))}
        if new is not None and not new["status"].get("loadBalancer", {}).get("ingress"):
            client.update_status({**new, "status": {"loadBalancer": {"ingress": [entry]}}}, because="tiny-ingress serves it")

    ingresses.on(told)
    labels = {"app": NAME}
    cluster.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME}, "spec": {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "server", "image": IMAGE}]}}}})
    cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": NAME}, "spec": {
        "type": "NodePort", "selector": labels, "ports": [{"port": 80, "targetPort": PORT, "nodePort": node_port}]}})
    cluster.run(10)
