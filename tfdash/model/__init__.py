"""What is observed and what is said of it: frozen types, no logic, no client library.

``subject``      who a thing is (environment, cluster, namespace, kind, name)
``observation``  a value with its source, its time and its problem
``kube``         slim Kubernetes objects, as far as the program reads them
``picture``      one immutable set of observations at one time
``verdict``      what the playbook says of a subject, and the set of it (Assessment)
``workload``     release state, serving health and cause of one workload
``release``      a release in flight, whatever carries it
``traffic``      raw samples, alerts and journeys: what is no Kubernetes object
``judgement``    what the rollback triggers say of a release
``calendar``     what the release calendar says
``action``       what may be done, what exactly would happen, what came of it
``memory``       what the store remembers
``update``       what the board tells its listeners: a picture, its assessment, what changed
``requests``     what a screen may ask of the board, and the answers
"""
