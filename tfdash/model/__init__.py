"""What is observed and what is said of it: frozen types, no logic, no client library.

``subject``      who a thing is (environment, cluster, namespace, kind, name)
``observation``  a value with its source, its time and its problem
``kube``         slim Kubernetes objects, as far as the program reads them
``picture``      one immutable set of observations at one time
``verdict``      what the playbook says of a subject, and the set of it (Assessment)
``workload``     release state, serving health and cause of one workload
``update``       what the board tells its listeners: a picture, its assessment, what changed
``requests``     what a screen may ask of the board, and the answers
"""
