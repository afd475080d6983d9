"""placeholder"""
class HostPorts:
    def __init__(self, registry, network, pump): pass
    async def run(self): pass
