# Images of a fleet's hosts: `runtime` (prep and cpu; the default), `ascend` and `cuda` (on the vendors' own images).
# dinoq has an environment of its own in each, /opt/dinoq, of the versions that runtime.lock pins.
ARG CANN_IMAGE=name-your-cann-image
ARG TENSORRT_IMAGE=name-your-tensorrt-image

# On an image that has CANN, its set_env.sh, and a Python that aclruntime has a wheel for. Put that wheel beside this file.
FROM ${CANN_IMAGE} AS ascend
ARG SET_ENV=/usr/local/Ascend/ascend-toolkit/set_env.sh
WORKDIR /opt/dinoq-source
COPY . .
USER 0
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# uv brings a Python where the image's is older than 3.11; aclruntime goes into the image's own.
# hadolint ignore=DL3013
RUN python3 -m pip install --no-cache-dir uv \
    && UV_PYTHON_INSTALL_DIR=/opt/python uv venv --no-cache --python ">=3.11" /opt/dinoq \
    && uv pip install --no-cache --python /opt/dinoq --require-hashes --requirement runtime.lock \
    && uv pip install --no-cache --python /opt/dinoq --no-deps . \
    && ln -s /opt/dinoq/bin/dinoq /usr/local/bin/dinoq \
    && find . -maxdepth 1 -name 'aclruntime-*.whl' -exec python3 -m pip install --no-cache-dir {} + \
    && install -d -o 65534 -g 65534 /var/lib/dinoq/store /var/lib/dinoq-state
USER 65534
ENV DINOQ_HOME=/var/lib/dinoq-state DINOQ_ASCEND_SET_ENV=${SET_ENV} DINOQ_ASCEND_PYTHON=python3
CMD ["dinoq", "--help"]

# On an image whose Python has TensorRT; on one without, TensorRT is installed from NVIDIA's own index, named by NVIDIA_INDEX.
FROM ${TENSORRT_IMAGE} AS cuda
ARG NVIDIA_INDEX=
WORKDIR /opt/dinoq-source
COPY . .
USER 0
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3013
RUN python3 -m pip install --no-cache-dir --break-system-packages uv \
    && UV_PYTHON_INSTALL_DIR=/opt/python uv venv --no-cache --system-site-packages --python ">=3.11" /opt/dinoq \
    && uv pip install --no-cache --python /opt/dinoq --require-hashes --requirement runtime.lock \
    && uv pip install --no-cache --python /opt/dinoq --no-deps . \
    && if /opt/dinoq/bin/python -c "import sys, importlib.util as u; sys.exit(not u.find_spec('tensorrt'))"; \
       then uv pip install --no-cache --python /opt/dinoq "cuda-bindings>=12.9,<13" "nvidia-ml-py>=12.535.77"; \
       else uv pip install --no-cache --python /opt/dinoq ".[t4]" \
            --extra-index-url "${NVIDIA_INDEX:?this image has no TensorRT; name the index of NVIDIA}"; fi \
    && ln -s /opt/dinoq/bin/dinoq /usr/local/bin/dinoq \
    && install -d -o 65534 -g 65534 /var/lib/dinoq/store /var/lib/dinoq-state
USER 65534
ENV DINOQ_HOME=/var/lib/dinoq-state NVIDIA_DRIVER_CAPABILITIES=compute,utility
CMD ["dinoq", "--help"]

FROM python:3.12-slim-bookworm AS runtime
WORKDIR /opt/dinoq-source
COPY . .
# hadolint ignore=DL3013
RUN pip install --no-cache-dir --require-hashes --requirement runtime.lock \
    && pip install --no-cache-dir --no-deps . \
    && install -d -o 65534 -g 65534 /var/lib/dinoq/store /var/lib/dinoq-state
USER 65534
ENV DINOQ_HOME=/var/lib/dinoq-state
CMD ["dinoq", "--help"]
