"""A simulated platform: three Kubernetes clusters behind the real protocol, on loopback, in a process of their own.

``process.start_process(options)`` starts it as a child; ``serve.serve(options)`` serves in this process.
The world (``world/``) acts on objects in a ``store``; the HTTP side (``server`` and what it calls) answers as the
Kubernetes API server does. Nothing outside this package imports it, but for the command line.
"""
