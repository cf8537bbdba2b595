"""Certificates as they are served and held. Nothing here imports cryptography or OpenSSL before the first look."""
