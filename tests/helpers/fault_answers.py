"""What AWS says when it refuses a call, in the form of each service.

Shapes: the error responses of each API's reference (Lambda answers JSON with the code in ``x-amzn-ErrorType``, S3
answers XML, Logs, X-Ray and Step Functions answer JSON with ``__type``).
"""

import json

_THROTTLED = {
    "lambda": (429, "TooManyRequestsException", "Rate Exceeded."),
    "s3": (503, "SlowDown", "Please reduce your request rate."),
    "logs": (400, "ThrottlingException", "Rate exceeded"),
    "xray": (429, "ThrottledException", "Rate exceeded"),
    "states": (400, "ThrottlingException", "Rate exceeded"),
}
_BROKEN = {
    "lambda": (500, "ServiceException", "The service encountered an internal error."),
    "s3": (500, "InternalError", "We encountered an internal error. Please try again."),
}
_DENIED = {"s3": "AccessDenied", "lambda": "AccessDeniedException"}
_EXPIRED = {"s3": "ExpiredToken"}


def throttled(call):
    return _answer(call, *_THROTTLED.get(call.service, (400, "ThrottlingException", "Rate exceeded")))


def broken(call):
    return _answer(call, *_BROKEN.get(call.service, (500, "InternalFailure", "An internal error occurred.")))


def denied(call):
    status = 403 if call.service in ("lambda", "s3", "xray") else 400
    message = f"User: arn:aws:iam::000000000000:user/x is not authorized to perform: {call.name}"
    return _answer(call, status, _DENIED.get(call.service, "AccessDeniedException"), message)


def expired(call):
    code = _EXPIRED.get(call.service, "ExpiredTokenException")
    return _answer(
        call, 400 if call.service == "s3" else 403, code, "The security token included in the request is expired"
    )


def changed(call):
    return _answer(call, 412, "PreconditionFailedException", "The RevisionId provided does not match the latest one.")


def busy(call):
    return _answer(call, 409, "ResourceConflictException", "An update is in progress for resource.")


def missing(call):
    return _answer(call, 404, "ResourceNotFoundException", f"Function not found: {call.function}")


def referenced(call):
    return _answer(call, 409, "ResourceConflictException", "The version is referenced by an alias.")


def other_code(call):
    return _answer(call, 400, "InvalidParameterValueException", "CodeSha256 is different from current CodeSha256.")


def _answer(call, status, code, message):
    if call.service == "s3":
        body = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'.encode()
        return status, {"Content-Type": "application/xml"}, body
    if call.service == "lambda":
        body = json.dumps({"Type": "User", "message": message}).encode()
        return status, {"Content-Type": "application/json", "x-amzn-ErrorType": code}, body
    body = json.dumps({"__type": code, "message": message}).encode()
    return status, {"Content-Type": "application/x-amz-json-1.1", "x-amzn-ErrorType": code}, body
