"""nginx between a client and a server, as many put it there: ``front`` runs one that passes calls on."""
