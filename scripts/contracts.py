"""Tables of fields for the simulator, from the types in the vendors' packages.

Each table says which fields a request may have and which an answer may have: names, types, words
of an enumeration, what is required, what may be null. The form is a part of JSON Schema: `type`,
`enum`, `properties`, `required`, `items`, `additionalProperties` (for maps), `anyOf`.

What types do not say (lengths, ranges, which field excludes which) stands in the simulator.
"""

import dataclasses
import importlib
import importlib.metadata
import inspect
import json
import os
import pathlib
import sys
import types
import typing
from datetime import date, datetime

import typing_extensions


def load(path):
    """Returns what a dotted path names, such as `runwayml.types.image_to_video_create_params:Veo3_1`."""
    module, name = path.split(":")
    return getattr(importlib.import_module(module), name)


def of_type(kind):
    """Returns the schema of a Python type."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind in (str, bytes, datetime, date) or inspect.isclass(kind) and issubclass(kind, str):
        return {"type": "string"}
    if kind is bool:
        return {"type": "boolean"}
    if kind is int:
        return {"type": "integer"}
    if kind is float:
        return {"type": "number"}
    if kind in (type(None), None):
        return {"type": "null"}
    if kind in (typing.Any, object):
        return {}
    if origin in (typing.Annotated, typing_extensions.Annotated):
        return of_type(arguments[0])
    if origin in (typing.Required, typing_extensions.Required, typing_extensions.NotRequired):
        return of_type(arguments[0])
    if origin in (typing.Literal, typing_extensions.Literal):
        return {"enum": list(arguments)}
    if origin in (typing.Union, types.UnionType):
        return any_of([of_type(one) for one in arguments])
    if origin is dict or kind is dict:
        return {"type": "object", "additionalProperties": of_type(arguments[1]) if arguments else {}}
    if typing_extensions.is_typeddict(kind):
        return of_fields(typed_dict_fields(kind))
    if hasattr(kind, "model_fields"):
        return of_fields(model_fields(kind))
    if dataclasses.is_dataclass(kind):
        return of_fields(dataclass_fields(kind))
    if kind is os.PathLike or origin in (os.PathLike, tuple, typing.IO) or kind is typing.IO:
        # A file, in one of the forms that a client takes: a part of a form on the wire.
        return {}
    if origin is not None and len(arguments) == 1:
        return {"type": "array", "items": of_type(arguments[0])}
    raise TypeError(f"no schema is known for {kind!r}")


def any_of(options):
    """Returns the schema of a union: words and types in one where that is possible."""
    flat = []
    for option in options:
        flat.extend(option.get("anyOf", [option]))
    if {} in flat:
        return {}
    plain = [one for one in flat if list(one) == ["type"]]
    if {"type": "string"} in plain:
        # Any text is one of the words too.
        flat = [one for one in flat if "enum" not in one or not all(isinstance(w, str) for w in one["enum"])]
    if all(list(one) == ["type"] for one in flat):
        names = sorted({one["type"] for one in flat})
        return {"type": names[0] if len(names) == 1 else names}
    words = [word for one in flat if "enum" in one for word in one["enum"]]
    if words:
        rest = [one for one in flat if "enum" not in one]
        if rest == [{"type": "null"}]:
            return {"enum": words + [None]}
        flat = rest + [{"enum": words}]
    unique = []
    for one in flat:
        if one not in unique:
            unique.append(one)
    return unique[0] if len(unique) == 1 else {"anyOf": unique}


def of_fields(fields):
    """Returns the schema of an object from (name, type, is required)."""
    properties = {name: of_type(kind) for name, kind, _ in fields}
    schema = {"type": "object", "properties": dict(sorted(properties.items()))}
    required = sorted(name for name, _, needed in fields if needed)
    if required:
        schema["required"] = required
    return schema


def typed_dict_fields(kind):
    # `__required_keys__` is empty where annotations are text, so that the wrappers are asked.
    hints = typing_extensions.get_type_hints(kind, include_extras=True)
    return [(alias(hint) or name, hint, is_required(hint, kind.__total__)) for name, hint in hints.items()]


def is_required(hint, otherwise):
    origin = typing.get_origin(hint)
    if origin in (typing.Required, typing_extensions.Required):
        return True
    if origin in (typing.NotRequired, typing_extensions.NotRequired):
        return False
    return otherwise


def alias(hint):
    """Returns the name on the wire that an annotation gives, or None."""
    while True:
        for note in getattr(hint, "__metadata__", ()):
            if getattr(note, "alias", None):
                return note.alias
        arguments = typing.get_args(hint)
        wraps = typing.get_origin(hint) in (typing.Required, typing_extensions.Required)
        if not (wraps and arguments):
            return None
        hint = arguments[0]


def model_fields(kind):
    return [
        (field.alias or alias_of_metadata(field) or name, field.annotation, field.is_required())
        for name, field in kind.model_fields.items()
    ]


def alias_of_metadata(field):
    return next((note.alias for note in field.metadata if getattr(note, "alias", None)), None)


def dataclass_fields(kind):
    hints = typing.get_type_hints(kind)
    return [
        (field.name, hints[field.name], field.default is dataclasses.MISSING)
        for field in dataclasses.fields(kind)
    ]


def of_call(path, query=()):
    """Returns the schema of a body from the parameters of a function that sends it."""
    owner, name = path.rsplit(".", 1)
    function = getattr(load(owner), name)
    hints = typing.get_type_hints(function, include_extras=True)
    fields = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY or parameter.name in query:
            continue
        fields.append((parameter.name, hints[parameter.name], parameter.default is inspect.Parameter.empty))
    return of_fields(fields)


def of_discovery(document, name):
    """Returns the schema of a message in a discovery document of Google's."""
    def convert(schema):
        if "$ref" in schema:
            return of_discovery(document, schema["$ref"])
        if "enum" in schema:
            return {"enum": schema["enum"]}
        kind = schema.get("type")
        if kind == "array":
            return {"type": "array", "items": convert(schema["items"])}
        if kind == "object" or "properties" in schema:
            properties = {key: convert(value) for key, value in sorted(schema.get("properties", {}).items())}
            return {"type": "object", "properties": properties}
        return {"type": kind}

    return convert(document["schemas"][name])


def discovery(version):
    package = pathlib.Path(importlib.import_module("googleapiclient").__file__).parent
    path = package / "discovery_cache" / "documents" / f"texttospeech.{version}.json"
    return json.loads(path.read_text())


def by_word(path, field):
    """Returns the schemas of a union's members by the one word that `field` may be."""
    kind = load(path)
    members = typing.get_args(kind)
    if typing.get_origin(kind) in (typing.Annotated, typing_extensions.Annotated):
        members = typing.get_args(members[0])
    found = {}
    for member in members:
        schema = of_type(member)
        for word in schema["properties"][field]["enum"]:
            found[word] = schema
    return found


def named(prefix, schemas, words):
    """Returns some of the schemas, under names such as `image_to_video/gen4.5`."""
    return {f"{prefix}/{word}": schemas[word] for word in words if word in schemas}


def runway():
    models = "gen4_turbo gen4.5 veo3.1 veo3.1_fast seedance2 seedance2_fast seedance2_mini seedance2_5".split()
    module = "runwayml.types"
    pictures = by_word(f"{module}.image_to_video_create_params:ImageToVideoCreateParams", "model")
    words = by_word(f"{module}.text_to_video_create_params:TextToVideoCreateParams", "model")
    tasks = by_word(f"{module}.task_retrieve_response:TaskRetrieveResponse", "status")
    return {
        "requests": {
            **named("image_to_video", pictures, models),
            **named("text_to_video", words, models),
        },
        "answers": {
            "image_to_video": of_type(load(f"{module}.image_to_video_create_response:ImageToVideoCreateResponse")),
            "text_to_video": of_type(load(f"{module}.text_to_video_create_response:TextToVideoCreateResponse")),
            "organization": of_type(load(f"{module}.organization_retrieve_response:OrganizationRetrieveResponse")),
            "task": {"anyOf": list(tasks.values())},
        },
    }


def luma_agents():
    module = "luma_agents.types"
    return {
        "requests": {
            "create": of_type(load(f"{module}.generation_create_params:GenerationCreateParams")),
            "new_file": of_type(load(f"{module}.file_create_params:FileCreateParams")),
        },
        "answers": {
            "create": of_type(load(f"{module}.generation:Generation")),
            "get": of_type(load(f"{module}.generation:Generation")),
            "new_file": of_type(load(f"{module}.create_file_response:CreateFileResponse")),
            "complete": of_type(load(f"{module}.file:File")),
            "file": of_type(load(f"{module}.file:File")),
            "files": of_type(load(f"{module}.file_list:FileList")),
        },
    }


def luma_dm():
    module = "lumaai.types"
    generation = of_type(load(f"{module}.generation:Generation"))
    # What was asked for, repeated: nobody reads it.
    generation["properties"]["request"] = {"type": ["null", "object"], "additionalProperties": {}}
    return {
        "requests": {"create": of_type(load(f"{module}.generations.video_create_params:VideoCreateParams"))},
        "answers": {
            "create": generation,
            "get": generation,
            "credits": of_type(load(f"{module}.credit_get_response:CreditGetResponse")),
            "ping": of_type(load(f"{module}.ping_check_response:PingCheckResponse")),
        },
    }


def fal():
    def state(word, kind, needed):
        schema = of_type(load(f"fal_client.client:{kind}"))
        schema["properties"] = {WIRE.get(name, name): one for name, one in schema["properties"].items()}
        schema["properties"]["status"] = {"enum": [word]}
        for address in ("request_id", "response_url", "status_url", "cancel_url"):
            schema["properties"][address] = {"type": "string"}
        schema["required"] = sorted(["status", *needed])
        return schema

    # `_parse_status` reads these: what it reads with `[]` is required, what with `get` is not.
    queued = state("IN_QUEUE", "Queued", ["queue_position"])
    running = state("IN_PROGRESS", "InProgress", ["logs"])
    completed = state("COMPLETED", "Completed", ["logs"])
    return {"requests": {}, "answers": {"status": {"anyOf": [queued, running, completed]}}}


def openai():
    module = "openai.types"
    transcription = of_type(load(f"{module}.audio.transcription_create_params:TranscriptionCreateParamsNonStreaming"))
    return {
        "requests": {
            "speech": of_type(load(f"{module}.audio.speech_create_params:SpeechCreateParams")),
            "transcription": transcription,
            "moderation": of_type(load(f"{module}.moderation_create_params:ModerationCreateParams")),
        },
        "answers": {
            "transcription": {
                "anyOf": [
                    of_type(load(f"{module}.audio.transcription_verbose:TranscriptionVerbose")),
                    of_type(load(f"{module}.audio.transcription:Transcription")),
                ]
            },
            "moderation": of_type(load(f"{module}.moderation_create_response:ModerationCreateResponse")),
            "models": of_fields([("data", list[load(f"{module}.model:Model")], True), ("object", str, True)]),
            "error": of_fields([("error", load(f"{module}.shared.error_object:ErrorObject"), True)]),
        },
    }


def elevenlabs():
    module = "elevenlabs.text_to_speech.raw_client:RawTextToSpeechClient"
    in_address = (*SENT_BY_CLIENT, "enable_logging", "optimize_streaming_latency", "output_format")
    return {
        "requests": {
            "speech": of_call(f"{module}.convert", in_address),
            "timed": of_call(f"{module}.convert_with_timestamps", in_address),
        },
        "answers": {
            "timed": of_type(load("elevenlabs.types:AudioWithTimestampsResponse")),
        },
    }


def google():
    final, beta = discovery("v1"), discovery("v1beta1")
    return {
        "requests": {
            "synthesize": of_discovery(final, "SynthesizeSpeechRequest"),
            "synthesize_beta": of_discovery(beta, "SynthesizeSpeechRequest"),
        },
        "answers": {
            "synthesize": of_discovery(final, "SynthesizeSpeechResponse"),
            "synthesize_beta": of_discovery(beta, "SynthesizeSpeechResponse"),
            "voices": of_discovery(final, "ListVoicesResponse"),
        },
    }


SENT_BY_CLIENT = ("request_options", "extra_headers", "extra_query", "extra_body", "timeout", "idempotency_key")
WIRE = {"position": "queue_position"}
TABLES = {
    "runway": ("runwayml", runway),
    "luma-agents": ("luma-agents", luma_agents),
    "luma-dm": ("lumaai", luma_dm),
    "fal": ("fal-client", fal),
    "openai": ("openai", openai),
    "elevenlabs": ("elevenlabs", elevenlabs),
    "google": ("google-api-python-client", google),
}


def leaves(schema, place=""):
    """Yields every statement of a schema as `place: what`, so that differences can be told by line."""
    if isinstance(schema, dict):
        for key, value in schema.items():
            yield from leaves(value, f"{place}.{key}" if place else key)
        if not schema:
            yield f"{place}: anything"
    elif isinstance(schema, list) and all(isinstance(one, dict) for one in schema):
        for index, one in enumerate(schema):
            yield from leaves(one, f"{place}[{index}]")
    elif isinstance(schema, list):
        for one in schema:
            yield f"{place}: {one}"
    else:
        yield f"{place}: {schema}"


def count_fields(schema):
    if isinstance(schema, dict):
        own = len(schema["properties"]) if isinstance(schema.get("properties"), dict) else 0
        return own + sum(count_fields(value) for value in schema.values())
    return sum(count_fields(one) for one in schema) if isinstance(schema, list) else 0


def main():
    folder, is_writing = pathlib.Path(sys.argv[1]), "--write" in sys.argv[2:]
    differ = 0
    for vendor, (package, build) in TABLES.items():
        version = importlib.metadata.version(package)
        now = {"package": package, "version": version, **build()}
        path = folder / f"{vendor}.json"
        if is_writing:
            path.write_text(json.dumps(now, indent=1, ensure_ascii=False) + "\n")
        had = json.loads(path.read_text())
        parts = {key: (had[key], now[key]) for key in ("requests", "answers")}
        old = set(leaves({key: pair[0] for key, pair in parts.items()}))
        new = set(leaves({key: pair[1] for key, pair in parts.items()}))
        gone, came = sorted(old - new), sorted(new - old)
        fields = count_fields(now["requests"]) + count_fields(now["answers"])
        verdict = "equal" if not gone and not came else "DIFFERENT"
        print(
            f"{vendor:12} {package} {version} (table: {had['version']}): {len(now['requests'])} requests, "
            f"{len(now['answers'])} answers, {fields} fields: {verdict}"
        )
        for line in gone:
            print(f"  only in the table:   {line}")
        for line in came:
            print(f"  only in the package: {line}")
        differ += bool(gone or came)
    print("No package has types for: pexels, pixabay, comfyui, acme, and the inputs of Pika at fal.")
    if differ:
        print("To take the packages' word: make check-contracts WRITE=1, then make test.", file=sys.stderr)
    sys.exit(1 if differ else 0)


main()
