#!/usr/bin/env bash
# Makes sure that a Chromium and Chinese fonts are present for the browser tests.
set -euo pipefail
have_fonts() { command -v fc-list >/dev/null 2>&1 && fc-list :lang=zh family | grep -q .; }
if command -v chromium >/dev/null 2>&1 && have_fonts; then
  exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo "The browser tests need chromium and a Chinese font (Noto Sans CJK). Install both and run again." >&2
  exit 1
fi
sudo=""
[ "$(id -u)" = 0 ] || sudo="sudo"
echo "== installing chromium and Chinese fonts for the browser tests"
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk fontconfig >/dev/null
