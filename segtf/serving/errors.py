"""What can go wrong between a client and a server, each kind with what to do about it.

Both protocols name the same conditions: REST as HTTP status, gRPC as status code.
"""


class ServingError(ValueError):
    """A request that got no answer. Some kinds are worth another try by themselves."""

    may_retry = False


class ServerUnavailable(ServingError):
    """Nobody answers, or the server has too much to do; tried again."""

    may_retry = True


class ModelLoading(ServingError):
    """The server is there, but has not loaded the model yet; tried again."""

    may_retry = True


class RequestTimeout(ServingError):
    """No answer within the time-out."""


class ModelNotFound(ServingError):
    """The server has no model, version or label of that name."""


class WrongSignature(ServingError):
    """The model on the server is not one that segtf exported."""


class UnreadableAnswer(ServingError):
    """A field of the answer is missing or does not hold what it should."""


class AccessDenied(ServingError):
    """The server, or a proxy before it, asks for a token or headers that it accepts."""


class RequestTooLarge(ServingError):
    """The server, or a proxy before it, takes no request of that size."""


class RequestRefused(ServingError):
    """The server does not accept what was sent."""


class ServerFailed(ServingError):
    """The server failed, or what answers is no TensorFlow Serving."""


_SIGNATURE_COMPLAINTS = (
    "signature",
    "named input",
    "tensor alias not found",
    "keys must be equal to",
)
_BATCH_COMPLAINT = "larger than maximum input batch size"
_LABEL_COMPLAINT = "servable version label"
_MESSAGE_COMPLAINT = "message larger than max"


def error_of(code, message, target):
    """Return the error for a status that a server answered.

    Args:
        code: name of a gRPC status code.
        message: what the server says about it.
        target: the `Target` of the request.

    Returns:
        A `ServingError`, not raised.
    """
    message = " ".join(message.split())[:500] or code
    text = message.lower()
    received = f"Received: {message} ({code} from {target.url})"
    if code == "NOT_FOUND" or _LABEL_COMPLAINT in text:
        return ModelNotFound(
            f"Expected {target} on the server: compare it with models.config. {received}"
        )
    if code == "TOO_LARGE" or _MESSAGE_COMPLAINT in text or _BATCH_COMPLAINT in text:
        return RequestTooLarge(
            "Expected a request that the server takes: send smaller images or a smaller "
            f"batch_size. {received}"
        )
    if code in ("INVALID_ARGUMENT", "FAILED_PRECONDITION"):
        if any(complaint in text for complaint in _SIGNATURE_COMPLAINTS):
            return WrongSignature(
                "Expected a model that segtf.export wrote, which takes image_bytes by "
                f"serving_default. {received}"
            )
        return RequestRefused(f"Expected a request that the server accepts. {received}")
    if code in ("UNAUTHENTICATED", "PERMISSION_DENIED"):
        return AccessDenied(f"Expected a token or headers that the server accepts. {received}")
    if code in ("UNAVAILABLE", "RESOURCE_EXHAUSTED"):
        return ServerUnavailable(
            f"Expected a server that answers: see that it runs and is not overloaded. {received}"
        )
    if code in ("DEADLINE_EXCEEDED", "CANCELLED"):
        return RequestTimeout(
            f"Expected an answer in time: allow more timeout or send less at once. {received}"
        )
    return ServerFailed(f"Expected TensorFlow Serving in good health: see its log. {received}")
