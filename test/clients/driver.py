"""Asks what it reads (a JSON line each: service, operation, input) with boto3 and writes what is answered.

Bytes travel as {"$blob": base64}; an error answers {"error": code, "status": HTTP status}.
"""

import base64
import datetime
import json
import os
import sys

import boto3
import botocore.config
import botocore.exceptions

clients = {}
config = botocore.config.Config(
    retries={"mode": "standard", "max_attempts": 3}, s3={"addressing_style": "path"}, parameter_validation=False
)


def client(service):
    if service not in clients:
        clients[service] = boto3.client(service, endpoint_url=os.environ["AWS_ENDPOINT_URL"], config=config)
    return clients[service]


def decode(value):
    if isinstance(value, dict):
        if set(value) == {"$blob"}:
            return base64.b64decode(value["$blob"])
        return {key: decode(one) for key, one in value.items()}
    return [decode(one) for one in value] if isinstance(value, list) else value


def encode(value):
    if isinstance(value, (bytes, bytearray)):
        return {"$blob": base64.b64encode(value).decode()}
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if hasattr(value, "read"):
        return {"$blob": base64.b64encode(value.read()).decode()}
    raise TypeError(f"cannot write {type(value)}")


for line in sys.stdin:
    asked = json.loads(line)
    try:
        # The call under every method of a client: names of operations stay those of the API.
        answer = client(asked["service"])._make_api_call(asked["operation"], decode(asked["input"]))
        answer.pop("ResponseMetadata", None)
    except botocore.exceptions.ClientError as error:
        metadata = error.response["ResponseMetadata"]
        answer = {"error": error.response["Error"]["Code"], "status": metadata["HTTPStatusCode"]}
        answer["message"] = error.response["Error"].get("Message", "")
    print(json.dumps(answer, default=encode), flush=True)
