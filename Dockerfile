# One multi-stage build of every image. Targets: namesrv, broker, operator, tools.
#   docker build --target broker -t rocketmq-broker .
# BUILD_BASE needs apt; BASE needs nothing but a C library, OpenSSL's certificates come with it.
ARG BUILD_BASE=debian:bookworm-slim
ARG BASE=debian:bookworm-slim

FROM ${BUILD_BASE} AS build
WORKDIR /src
COPY scripts/packages.txt scripts/setup.sh scripts/
RUN scripts/setup.sh build
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY common common
COPY namesrv namesrv
COPY broker broker
COPY operator operator
COPY bench bench
COPY crds crds
COPY scripts scripts
RUN cmake --preset release -DBUILD_TESTING=OFF \
 && cmake --build build/release --target rocketmq-namesrv rocketmq-broker rocketmq-operator rmq-load \
 && cmake --install build/release --strip --prefix /opt/rocketmq

# What every image shares: a user without rights, and the few shared libraries that the programs link.
FROM ${BASE} AS runtime
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends libssl3 libdeflate0 zlib1g libyaml-cpp0.7 libprometheus-cpp-core1.0 \
    ca-certificates >/dev/null \
 && rm -rf /var/lib/apt/lists/* /usr/share/doc /usr/share/man /var/cache/* \
 && echo 'rocketmq:x:65532:65532::/nonexistent:/usr/sbin/nologin' >> /etc/passwd \
 && echo 'rocketmq:x:65532:' >> /etc/group
USER 65532:65532
WORKDIR /

FROM runtime AS namesrv
COPY --from=build /opt/rocketmq/bin/rocketmq-namesrv /usr/local/bin/
EXPOSE 9876 5557
ENTRYPOINT ["rocketmq-namesrv"]

FROM runtime AS broker
COPY --from=build /opt/rocketmq/bin/rocketmq-broker /usr/local/bin/
EXPOSE 10909 10911 10912 5557
VOLUME /var/lib/rocketmq
ENTRYPOINT ["rocketmq-broker"]

FROM runtime AS operator
COPY --from=build /opt/rocketmq/bin/rocketmq-operator /usr/local/bin/
EXPOSE 8080
ENTRYPOINT ["rocketmq-operator"]

FROM runtime AS tools
COPY --from=build /src/build/release/bench/load/rmq-load /usr/local/bin/
ENTRYPOINT ["rmq-load"]
