"""The only Celery: the app, queue names, publishing, the embedded server."""
