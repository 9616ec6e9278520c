# The page and the wheels are made here and thrown away but for the wheels.
FROM python:3.11 AS build
WORKDIR /src
COPY requirements.lock pyproject.toml ./
RUN python -m pip download --disable-pip-version-check --no-deps --require-hashes \
    -r requirements.lock -d /wheels
COPY . .
RUN PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels make page \
    && .venv/bin/python -m pip wheel --disable-pip-version-check --no-deps \
       --no-build-isolation -w /wheels .

FROM python:3.11-slim
RUN useradd --system --create-home --home-dir /data parkpulse
# Only what was checked against the lock file is installed, and of it what is needed.
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    python -m pip install --disable-pip-version-check --no-cache-dir --no-index \
    --find-links /wheels parkpulse
USER parkpulse
ENV PARKPULSE_HOME=/data
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["parkpulse"]
CMD ["up"]
