"""Writes table.json: what the public service models say about the operations of the local AWS.

    python3 -m venv /tmp/models && /tmp/models/bin/pip install botocore==1.44.5
    /tmp/models/bin/python local-aws/shapes/extract.py > local-aws/shapes/table.json

Only needed when an operation is added or the models are updated; neither the tests nor CI run it. A shape without any
constraint is written as its type; documentation is left out.
"""

import json

import botocore
import botocore.session

OPERATIONS = {
    "acm-pca": """DescribeCertificateAuthority GetCertificate GetCertificateAuthorityCertificate IssueCertificate
        ListTags RevokeCertificate""",
    "dynamodb": """BatchGetItem BatchWriteItem DeleteItem DescribeTable DescribeTimeToLive GetItem ListTables PutItem
        Query Scan UpdateItem UpdateTimeToLive""",
    "events": "DescribeRule ListRules PutEvents",
    "iam": "GetRole",
    "lambda": "GetFunction GetFunctionConfiguration Invoke ListFunctions",
    "rolesanywhere": """DeleteCrl DisableCrl DisableProfile DisableTrustAnchor EnableCrl EnableProfile
        EnableTrustAnchor GetCrl GetProfile GetSubject GetTrustAnchor ImportCrl ListCrls ListProfiles ListSubjects
        ListTrustAnchors UpdateCrl UpdateTrustAnchor""",
    "s3": """DeleteObject GetObject HeadBucket HeadObject ListBuckets ListObjects ListObjectsV2 PutObject""",
    "scheduler": "ListSchedules",
    "sns": "GetTopicAttributes ListSubscriptions ListSubscriptionsByTopic ListTopics Publish",
    "sqs": """ChangeMessageVisibility ChangeMessageVisibilityBatch DeleteMessage DeleteMessageBatch GetQueueAttributes
        GetQueueUrl ListQueues PurgeQueue ReceiveMessage SendMessage SendMessageBatch StartMessageMoveTask""",
    "ssm": """CreateActivation DeregisterManagedInstance DescribeDocument DescribeInstanceInformation GetDocument
        GetCommandInvocation ListCommandInvocations ListCommands ListDocuments SendCommand""",
    "sts": "GetCallerIdentity",
}

# CreateSession is in no public model: this is what the client in aws_signing_helper v1.7.3 sends and reads
# (rolesanywhere/serializers.go, deserializers.go), with the limits of the user guide, "CreateSession".
CREATE_SESSION = {
    "operation": {
        "http": ["POST", "/sessions", 201],
        "input": "CreateSessionRequest",
        "output": "CreateSessionResponse",
        "errors": ["AccessDeniedException", "ResourceNotFoundException", "ValidationException"],
    },
    "shapes": {
        "CreateSessionRequest": {
            "type": "structure",
            "members": {
                "cert": ["string", "header", "x-amz-x509"],
                "chain": ["string", "header", "x-amz-x509-chain"],
                "profileArn": ["string", "querystring", "profileArn"],
                "roleArn": ["string", "querystring", "roleArn"],
                "trustAnchorArn": ["string", "querystring", "trustAnchorArn"],
                "durationSeconds": "SessionSeconds",
                "instanceProperties": "SessionProperties",
                "roleSessionName": "SessionName",
                "sessionName": "string",
            },
            "required": ["profileArn", "roleArn", "trustAnchorArn"],
        },
        "SessionSeconds": {"type": "integer", "min": 900, "max": 43200},
        "SessionName": {"type": "string", "min": 2, "max": 64, "pattern": "[\\w+=,.@-]*"},
        "SessionProperties": {"type": "map", "key": "string", "value": "string"},
        "CreateSessionResponse": {
            "type": "structure",
            "members": {"credentialSet": "CredentialSet", "subjectArn": "string"},
        },
        "CredentialSet": {"type": "list", "member": "CredentialResponse"},
        "CredentialResponse": {
            "type": "structure",
            "members": {
                "assumedRoleUser": "AssumedRoleUser",
                "credentials": "SessionCredentials",
                "packedPolicySize": "integer",
                "roleArn": "string",
                "sourceIdentity": "string",
            },
        },
        "AssumedRoleUser": {"type": "structure", "members": {"arn": "string", "assumedRoleId": "string"}},
        "SessionCredentials": {
            "type": "structure",
            "members": {
                "accessKeyId": "string",
                "expiration": "string",
                "secretAccessKey": "string",
                "sessionToken": "string",
            },
        },
    },
}

SCALARS = {"string", "integer", "long", "float", "double", "boolean", "blob", "timestamp"}


class Extract:
    def __init__(self, service):
        self.model = botocore.session.get_session().get_service_model(service)
        with_source = botocore.session.get_session().get_component("data_loader")
        self.raw = with_source.load_service_model(service, "service-2")
        self.shapes = {}
        self.errors = {}

    def name_of(self, name):
        """The name under which a shape is referred to; its type alone when there is nothing to say about it."""
        shape = self.raw["shapes"][name]
        if shape["type"] in SCALARS | {"character"}:
            said = {key: shape[key] for key in ("min", "max", "pattern", "enum") if key in shape}
            if shape.get("timestampFormat"):
                said["format"] = shape["timestampFormat"]
            # The one pattern with back-references (dates of Systems Manager) lost its plus signs: it refuses the dates
            # that its own documentation shows.
            if "\\17" in said.get("pattern", ""):
                said.pop("pattern")
            # Limits that allow every value of the type say nothing.
            if shape["type"] in ("integer", "long") and said.get("max", 0) >= 2**31 - 1:
                said.pop("max")
            if shape["type"] == "string" and said.get("min") == 0:
                said.pop("min")
            if not said:
                return "string" if shape["type"] == "character" else shape["type"]
            self.shapes[name] = {"type": shape["type"], **said}
            return name
        if name not in self.shapes:
            self.shapes[name] = {}
            self.shapes[name] = self.compound(shape)
        return name

    def compound(self, shape):
        found = {"type": shape["type"]}
        if shape["type"] == "structure":
            found["members"] = {name: self.member(one) for name, one in shape["members"].items()}
            for key in ("required", "payload"):
                if shape.get(key):
                    found[key] = shape[key]
            if shape.get("union"):
                found["union"] = True
        elif shape["type"] == "list":
            found["member"] = self.name_of(shape["member"]["shape"])
            if "locationName" in shape["member"]:
                found["itemName"] = shape["member"]["locationName"]
            if shape.get("flattened"):
                found["flattened"] = True
        elif shape["type"] == "map":
            found["key"] = self.name_of(shape["key"]["shape"])
            found["value"] = self.name_of(shape["value"]["shape"])
            for key in ("key", "value"):
                if "locationName" in shape[key]:
                    found[key + "Name"] = shape[key]["locationName"]
            if shape.get("flattened"):
                found["flattened"] = True
        found.update({key: shape[key] for key in ("min", "max") if key in shape})
        return found

    def member(self, one):
        """The shape alone, or `[shape, location, name on the wire, "flattened" or a timestamp format]`."""
        more = [
            one.get("location", "body"),
            one.get("locationName", ""),
            "flattened" if one.get("flattened") else one.get("timestampFormat", ""),
        ]
        while more and more[-1] in ("", "body"):
            more.pop()
        shape = self.name_of(one["shape"])
        return [shape, *more] if more else shape

    def operation(self, name):
        raw = self.raw["operations"][name]
        http = [raw["http"]["method"], raw["http"]["requestUri"]]
        if raw["http"].get("responseCode", 200) != 200:
            http.append(raw["http"]["responseCode"])
        found = {"http": http}
        for side in ("input", "output"):
            if side in raw:
                found[side] = self.name_of(raw[side]["shape"])
        if "resultWrapper" in raw.get("output", {}):
            found["result"] = raw["output"]["resultWrapper"]
        if name == "ReceiveMessage":
            # The model says attributes of queues, the documentation those of messages, and clients send the latter.
            request = self.shapes[found["input"]]["members"]
            request["AttributeNames"] = request["MessageSystemAttributeNames"]
        found["errors"] = [self.error(one["shape"]) for one in raw.get("errors", [])]
        return found

    def error(self, name):
        shape = self.raw["shapes"][name]
        said = shape.get("error", {})
        code = said.get("code", name)
        # awsQueryCompatible services answer with the shape's name over JSON.
        if "awsQueryCompatible" in self.raw["metadata"]:
            code = name
        status = said.get("httpStatusCode", 500 if shape.get("fault") else 400)
        self.errors[code] = status
        return code


def extract(service, names):
    source = Extract(service)
    metadata = source.raw["metadata"]
    protocols = metadata.get("protocols", [metadata["protocol"]])
    protocol = next(one for one in ("json", "rest-json", "rest-xml", "query") if one in protocols)
    operations = {name: source.operation(name) for name in sorted(names)}
    if service == "rolesanywhere":
        operations["CreateSession"] = CREATE_SESSION["operation"]
        assert not source.shapes.keys() & CREATE_SESSION["shapes"].keys(), "a shape of CreateSession has a taken name"
        source.shapes.update(CREATE_SESSION["shapes"])
    return {
        "model": metadata["apiVersion"],
        "protocol": protocol,
        **({"target": metadata["targetPrefix"]} if protocol == "json" else {}),
        "operations": dict(sorted(operations.items())),
        "errors": dict(sorted(source.errors.items())),
        "shapes": dict(sorted(source.shapes.items())),
    }


def main():
    services = {service: extract(service, names.split()) for service, names in OPERATIONS.items()}
    print("{")
    print(f'"source": "botocore {botocore.__version__} (Apache-2.0), service-2 models",')
    print('"services": {')
    print(",\n".join(f"{json.dumps(service)}: {lines(table)}" for service, table in services.items()))
    print("}}")


def lines(table):
    """One line for each operation, error list and shape, so that a difference is readable."""
    parts = []
    for key, value in table.items():
        if key in ("operations", "shapes"):
            inner = ",\n".join(f"{json.dumps(name)}: {compact(one)}" for name, one in value.items())
            parts.append(f'"{key}": {{\n{inner}\n}}')
        else:
            parts.append(f'"{key}": {compact(value)}')
    return "{\n" + ",\n".join(parts) + "\n}"


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


main()
