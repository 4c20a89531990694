#!/bin/sh
# Checks a Lambda function from cron, and says on standard output only what somebody should read: cron mails that.
#   17 3 * * * /srv/powertune/nightly.sh
set -eu

function_arn=${POWERTUNE_FUNCTION_ARN:-arn:aws:lambda:eu-west-1:123456789012:function:orders}
qualifier=${POWERTUNE_QUALIFIER:-live}
place=${POWERTUNE_BASELINE:-s3://my-bucket/powertune}
folder=${POWERTUNE_FOLDER:-/var/lib/powertune}

mkdir -p "$folder"
code=0
powertune check --direct \
  --function-arn "$function_arn" --qualifier "$qualifier" --baseline "$place" --trend \
  --max-spend 0.50 --on-undecided fail --wait 30m \
  --output-dir "$folder/checks" --keep-runs 60 > "$folder/last.txt" 2>&1 || code=$?

case $code in
  0) exit 0 ;;
  1) echo "$qualifier became worse." ;;
  5) echo "The check of $qualifier could not decide." ;;
  *) echo "$qualifier was not checked: exit code $code." ;;
esac
cat "$folder/last.txt"
exit "$code"
