"""etcd, a server that others wrote for their own ends, called through code that our plugin generates for its services.

``server`` runs it, ``client`` is the script that calls it and prints what came of each case: ``sync_cases`` on the
blocking API, ``aio_cases`` on the asynchronous one.
"""
