#!/bin/sh
# The man pages are correct roff: troff says nothing.
cd "$(dirname "$0")/../.." || exit 1
said=$(groff -man -Tutf8 -Kutf8 -ww -z docs/*.1 2>&1)
[ -z "$said" ] || { echo "$said"; exit 1; }
