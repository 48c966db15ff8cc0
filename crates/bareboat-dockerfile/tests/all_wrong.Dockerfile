# escape=x
# syntax=a
# syntax=b
FORM alpine
FROM
FROM a b
FROM alpine AS 1st
FROM --platfrom=linux/amd64 --platform alpine
FROM alpine
RNU apk add \
  curl
ENV
ENV name
ENV =x a=b
ENV a=b c
LABEL "open
ARG =x
ARG
COPY a
COPY --chown=a --chown=b --from --link=maybe --frm=x a b
COPY --from=$x a b
COPY a <<EOF
EOF
COPY [1, "a"]
ADD --parents a b
RUN --mount=type=bnd,target=/x ls
RUN --mount=tpye=bind ls
RUN --mount=from=$x,target=/y ls
RUN --mount= ls
RUN --network=bridge --security=off ls
RUN [null]
SHELL bash
SHELL []
VOLUME ["", "/x"]
VOLUME
EXPOSE
WORKDIR
USER --flag me
STOPSIGNAL
HEALTHCHECK
HEALTHCHECK NONE x
HEALTHCHECK PING x
HEALTHCHECK --interval=5 --timeout=1ns --retries=-1 CMD x
HEALTHCHECK CMD
ONBUILD
ONBUILD ONBUILD RUN x
ONBUILD FROM x
ONBUILD COPY x
ONBUILD WAT
&& true
curl https://example.test
RUN <<'EOF
CMD --x y
RUN <<NEVER
some body
RUN echo after
RUN cat <<EOF|sh
EOF
