#!/bin/sh
# Runs a compiler or linker with relative paths. clang and lld-link write their command lines into
# the debug information, whose checksum is in the DLL, and the same sources must give the same bytes
# in any folder.
#
#   sh relative.sh TOP PATH-TO-TOP COMMAND [ARGUMENT ...]
top=$1
relative=$2
shift 2
for argument; do
    shift
    case $argument in
        *"$top"*) argument=${argument%%"$top"*}$relative${argument#*"$top"} ;;
    esac
    set -- "$@" "$argument"
done
exec "$@"
