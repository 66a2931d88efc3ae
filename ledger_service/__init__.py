"""The ledger service: takes signed statements in, gives every one a durable index, and answers with proofs.

One folder per feature, each with the same file names (endpoints, schemas, service, repository). Endpoints call
services, services call repositories and the pure package `evidence`; FastAPI is imported by endpoints and `app` only.
"""
