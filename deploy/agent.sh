#!/bin/sh
# Enrols the agent of a container where it is not enrolled yet, and runs it.
set -eu
: "${OPERONE_SERVER:?the server\'s address}"
state=${OPERONE_STATE_DIR:?}
if [ ! -e "$state/identity.json" ]; then
  token=${OPERONE_ENROLLMENT_TOKEN:-$(cat "${OPERONE_ENROLLMENT_TOKEN_FILE:?or OPERONE_ENROLLMENT_TOKEN}")}
  set -- --server "$OPERONE_SERVER" --token "$token" --name "${OPERONE_NAME:-$(hostname)}"
  for label in ${OPERONE_LABELS:-}; do set -- "$@" --label "$label"; done
  operone agent enroll "$@"
fi
exec operone agent run
