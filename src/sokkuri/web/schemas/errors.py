"""Schema of the problem documents (RFC 9457) that report errors."""

from pydantic import BaseModel, ConfigDict


class ProblemDocument(BaseModel):
    """An error in the form of RFC 9457. `detail` explains it in one line."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:sokkuri:problem:unknown-image",
                    "title": "Not Found",
                    "status": 404,
                    "detail": "the collection has no image 'cat.jpg'",
                }
            ]
        }
    )
    type: str
    title: str
    status: int
    detail: str
