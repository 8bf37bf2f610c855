# The runtime of every dinoq container: `dinoq` installed from this folder, run as nobody.
FROM python:3.12-slim-bookworm AS runtime
WORKDIR /opt/dinoq
COPY . .
# hadolint ignore=DL3013
RUN pip install --no-cache-dir ".[postgres]" \
    && install -d -o 65534 -g 65534 /var/lib/dinoq/store /var/lib/dinoq-state
USER 65534
ENV DINOQ_HOME=/var/lib/dinoq-state
CMD ["dinoq", "--help"]
