#!/usr/bin/env bash
# Whether the server answers with every version that its models.config names; ends with 0 if so.
# The image of the server has no curl: bash opens the connection itself.
#
#     bash ready.sh [MODELS_CONFIG] [REST_PORT]
set -u
config=$(sed 's/#.*//' "${1:-/config/models.config}") || exit 2
port=${2:-8501}

# Answer of the server about a version, or without a number about all that it has loaded.
status() {
  exec 3<>"/dev/tcp/127.0.0.1/$port" || return
  printf 'GET /v1/models/%s%s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$name" "$1" >&3
  cat <&3
  exec 3<&-
}

name=$(sed -n 's/.*name: *"\([^"]*\)".*/\1/p' <<<"$config" | head -n 1)
versions=$(sed -n 's/^.*\bversions: *\([0-9][0-9]*\).*/\/versions\/\1/p' <<<"$config")
grep -q 'latest *{\|all *{' <<<"$config" && versions=""
for version in $versions; do
  status "$version" | grep -q '"AVAILABLE"' || { echo "$name$version is not available"; exit 1; }
done
[ -n "$versions" ] || status "" | grep -q '"AVAILABLE"' || { echo "$name is not available"; exit 1; }
