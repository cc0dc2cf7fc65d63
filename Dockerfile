# The image of pytoon: `pytoon` and its helpers for voice and picture, with their dependencies.
#
#   docker build -t pytoon .
#   docker run --rm pytoon doctor
#
# A process writes to ./storage (below /srv/pytoon), to /var/log/pytoon if that is mounted, and to
# /tmp; the rest of the file system may be read-only. docker-compose.yml is an example.

# The page, which the program contains.
FROM debian:bookworm-slim AS studio
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates nodejs npm \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY scripts/studio.sh scripts/
COPY docs/openapi.json docs/
COPY studio studio
RUN sh scripts/studio.sh

FROM rust:1.94-slim-bookworm AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends build-essential pkg-config libespeak-ng-dev libx264-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
COPY --from=studio /src/studio/dist studio/dist
# The image's own toolchain: rust-toolchain.toml names "stable", which rustup would download again.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    RUSTUP_TOOLCHAIN="$RUST_VERSION" \
    cargo build --profile dist --locked --package pytoon --package pytoon-espeak --package pytoon-x264 --bins \
 && install -D -t /out target/dist/pytoon target/dist/pytoon-espeak target/dist/pytoon-x264 \
 && strip --strip-debug /out/*

# The natural English voice: downloaded in this stage, so that the final image needs no Python.
FROM debian:bookworm-slim AS voice
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3 python3-pip \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY scripts/voice.sh scripts/
COPY config/voices config/voices
RUN sh scripts/voice.sh /out/voices

FROM debian:bookworm-slim
# The packages of scripts/setup.sh, without those for building; curl is for the health check.
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      ca-certificates curl ffmpeg libespeak-ng1 espeak-ng-data \
      fonts-inter fonts-lato fonts-open-sans fonts-noto-core fonts-noto-extra \
      fonts-noto-cjk fonts-noto-cjk-extra fonts-noto-color-emoji \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 1000 --user-group --no-create-home --home-dir /tmp --shell /usr/sbin/nologin pytoon \
 && install -d -o pytoon -g pytoon /srv/pytoon /srv/pytoon/storage
COPY --from=build /out/pytoon /out/pytoon-espeak /out/pytoon-x264 /usr/local/bin/
COPY --from=voice /out/voices /usr/share/pytoon/voices
# The helpers link GPL libraries and are themselves under the GPL; one licence text covers both.
COPY LICENSE-APACHE LICENSE-MIT crates/pytoon-espeak/LICENSE /usr/share/doc/pytoon/
USER pytoon
# The folder of config/, storage/ and .env.
WORKDIR /srv/pytoon
ENV HOME=/tmp
EXPOSE 8000
# For `serve` and `api`. A worker answers no requests: give it a different check.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
  CMD ["curl", "--fail", "--silent", "--show-error", "--max-time", "4", "http://127.0.0.1:8000/livez"]
# SIGTERM drains; see service.grace_seconds.
STOPSIGNAL SIGTERM
ENTRYPOINT ["pytoon"]
CMD ["serve", "--bind", "0.0.0.0"]
