# syntax=docker/dockerfile:1
#Escape = \
# check=skip=JSONArgsRecommended;error=true
# a comment, so directives are over
# escape=`

# VERSION is the Python to use
ARG VERSION=3.13 SUITE="trixie" EMPTY= BARE
FROM --platform=$BUILDPLATFORM python:${VERSION:-3}-${SUITE} AS Build
  from scratch

ENV A=1 B="two words" C=three\ words D='$A' \
    # a comment inside
    E="${A}-${B}" \

    F=end
ENV legacy   the  rest "of it"
LABEL "org.example.title"="A \"title\"" plain=x
MAINTAINER Jane Doe <jane@example.test>
RUN --mount=type=cache,target=/root/.cache,sharing=locked \
    --mount=type=secret,id=token,env=TOKEN,required \
    --mount=from=build,source=/a,target=$TARGET --network=none --security=sandbox --device=vendor/gpu=all \
    apt-get update \
 && apt-get install -y --no-install-recommends curl \  	
    # why curl
    git
RUN ["sh", "-c", "echo \"\u0041\""]
RUN ['not', 'json']
RUN <<EOF
set -e
echo "hello"
# not a comment
EOF
RUN <<-'SCRIPT' bash -x && cat 3<<MORE
	echo $HOME
	SCRIPT
more
MORE
RUN <<RUNME
#!/usr/bin/env python3
print(1)
RUNME
# right after a terminator
COPY --from=build --chown=1000:1000 --chmod=u=rwX,go=rX --link --parents --exclude=*.md --exclude=!keep.md ./a /b/./c /dest/
COPY ["a file", "/dest dir/"]
COPY <<one <<-"two" extra /dest/
$A
one
	$B
	two
ADD --checksum=sha256:0000 --keep-git-dir=true --unpack=false https://example.test/x.tar.gz /opt/
WORKDIR /srv/my app
USER app:app
VOLUME /data /logs
VOLUME ["/a b", "/c"]
EXPOSE 80/tcp 443 8000-8010/udp $PORT
STOPSIGNAL SIGQUIT
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
HEALTHCHECK --interval=1m30s --timeout=5s --start-period=10s --start-interval=500ms --retries=3 \
  CMD curl -f http://localhost/ || exit 1
HEALTHCHECK CMD ["true"]
healthcheck none
ENTRYPOINT ["/app"]
Cmd ["x"] # c
ONBUILD RUN echo hi
ONBUILD COPY <<EOF /x
body
EOF
RUN
CMD []
RUN echo café \
