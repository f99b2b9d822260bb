#!/bin/sh
# Runs a compiler or linker with relative paths: clang and lld-link write their own command lines into the
# debug information, whose sum stands in the DLL, and the same sources shall give the same bytes anywhere.
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
