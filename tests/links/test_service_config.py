"""The service config: what each part means, and which values make it invalid."""

from __future__ import annotations

import json
from typing import Any, Dict

import pytest

from grpc._links._service_config import (
    NO_METHOD_CONFIG,
    MethodConfig,
    PolicyConfig,
    RetryPolicy,
    RetryThrottling,
    ServiceConfig,
    ServiceConfigError,
    parse_service_config,
)

POLICIES = ("pick_first", "round_robin")

RETRY: Dict[str, Any] = {
    "maxAttempts": 3,
    "initialBackoff": "0.1s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}


def parse(config: Any) -> ServiceConfig:
    return parse_service_config(json.dumps(config), POLICIES)


def method(**fields: Any) -> MethodConfig:
    """What a config for everybody gives."""
    return parse({"methodConfig": [{"name": [{}], **fields}]}).method("any", "any")


class TestPolicy:
    """Wire facts, section 12: `loadBalancingConfig`, and `loadBalancingPolicy` before it."""

    @pytest.mark.parametrize(
        ("config", "policy"),
        [
            ({"loadBalancingPolicy": "round_robin"}, "round_robin"),
            ({"loadBalancingPolicy": "ROUND_ROBIN"}, "round_robin"),
            ({"loadBalancingConfig": [{"round_robin": {}}]}, "round_robin"),
            ({"loadBalancingConfig": [{"xds": {}}, {"pick_first": {}}, {"round_robin": {}}]}, "pick_first"),
            ({"loadBalancingConfig": [{"pick_first": {}}], "loadBalancingPolicy": "round_robin"}, "pick_first"),
        ],
    )
    def test_the_first_policy_that_is_known_is_taken(self, config: Any, policy: str) -> None:
        assert parse(config).policy == PolicyConfig(policy)

    def test_a_config_that_names_none_prescribes_none(self) -> None:
        assert parse({}).policy is None

    def test_what_comes_after_the_policy_taken_is_not_looked_into(self) -> None:
        assert parse({"loadBalancingConfig": [{"pick_first": {}}, {"round_robin": 5}, 6]}).policy == PolicyConfig(
            "pick_first"
        )

    @pytest.mark.parametrize(
        ("fields", "shuffle"),
        [
            ({"shuffleAddressList": True}, True),
            ({"shuffleAddressList": False}, False),
            ({"shuffleAddressList": None}, False),
            ({"newerField": 1}, False),
        ],
    )
    def test_pick_first_may_be_told_to_shuffle(self, fields: Any, shuffle: bool) -> None:
        """gRFC A62."""
        assert parse({"loadBalancingConfig": [{"pick_first": fields}]}).policy == PolicyConfig("pick_first", shuffle)

    def test_shuffling_means_nothing_to_other_policies(self) -> None:
        config = {"loadBalancingConfig": [{"round_robin": {"shuffleAddressList": 5}}]}
        assert parse(config).policy == PolicyConfig("round_robin")


METHODS = {
    "methodConfig": [
        {"name": [{"service": "a.A", "method": "One"}], "timeout": "1s"},
        {"name": [{"service": "a.A"}, {"service": "b.B", "method": ""}], "timeout": "2s"},
        {"name": [{}], "timeout": "3s"},
    ]
}


class TestMethods:
    @pytest.mark.parametrize(
        ("name", "timeout"),
        [(("a.A", "One"), 1), (("a.A", "Two"), 2), (("b.B", "One"), 2), (("c.C", "One"), 3)],
    )
    def test_a_method_comes_before_its_service_and_that_before_everybody(self, name: Any, timeout: float) -> None:
        assert parse(METHODS).method(*name).timeout == timeout

    def test_nothing_is_prescribed_where_nothing_matches(self) -> None:
        assert parse({"methodConfig": [{"name": [{"service": "a.A"}]}]}).method("b.B", "One") is NO_METHOD_CONFIG

    def test_a_config_without_names_is_for_nobody(self) -> None:
        assert parse({"methodConfig": [{"timeout": "1s"}]}).method("a.A", "One") is NO_METHOD_CONFIG

    def test_every_field_is_read(self) -> None:
        assert method(
            waitForReady=True, timeout="1.5s", maxRequestMessageBytes=10, maxResponseMessageBytes="20"
        ) == MethodConfig(True, 1.5, 10, 20, None)

    def test_fields_that_are_not_known_are_passed_over(self) -> None:
        assert method(timeout="1s", newerField=[1]) == MethodConfig(timeout=1.0)

    @pytest.mark.parametrize(
        ("text", "seconds"),
        [("1s", 1.0), ("0s", 0.0), ("1.5s", 1.5), ("0.000000001s", 1e-9), ("1.s", 1.0)],
    )
    def test_a_duration_is_seconds_with_up_to_nine_decimals(self, text: str, seconds: float) -> None:
        assert method(timeout=text).timeout == seconds


class TestRetry:
    """gRFC A6."""

    def test_every_field_is_read(self) -> None:
        assert method(retryPolicy=RETRY).retry == RetryPolicy(3, 0.1, 1.0, 2.0, frozenset({14}))

    def test_codes_are_numbers_or_names_in_any_case(self) -> None:
        policy = method(retryPolicy={**RETRY, "retryableStatusCodes": ["unavailable", "Internal", 4]}).retry
        assert policy is not None
        assert policy.retryable_codes == {14, 13, 4}

    def test_more_than_five_attempts_count_as_five(self) -> None:
        policy = method(retryPolicy={**RETRY, "maxAttempts": 50}).retry
        assert policy is not None
        assert policy.max_attempts == 5

    def test_throttling_counts_three_decimals(self) -> None:
        config = parse({"retryThrottling": {"maxTokens": 10, "tokenRatio": 0.12345}})
        assert config.throttling == RetryThrottling(10.0, 0.123)

    def test_the_service_to_ask_about_its_health_is_read(self) -> None:
        assert parse({"healthCheckConfig": {"serviceName": "a.A"}}).health_service == "a.A"
        assert parse({"healthCheckConfig": {}}).health_service is None


def _method(**fields: Any) -> Dict[str, Any]:
    return {"methodConfig": [{"name": [{}], **fields}]}


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ([], "service config must be a JSON object, not []"),
        ({"loadBalancingPolicy": 5}, "service config: loadBalancingPolicy must be a string, not 5"),
        ({"loadBalancingPolicy": "x"}, "service config: loadBalancingPolicy names no policy that is known here: x"),
        (
            {"loadBalancingConfig": [{"x": {}}, {"y": {}}]},
            "service config: loadBalancingConfig names no policy that is known here: x, y",
        ),
        (
            {"loadBalancingConfig": []},
            "service config: loadBalancingConfig names no policy that is known here: none at all",
        ),
        (
            {"loadBalancingConfig": [{"a": {}, "b": {}}]},
            'service config: loadBalancingConfig[0] must have one key, the policy\'s name, not {"a": {}, "b": {}}',
        ),
        (
            {"loadBalancingConfig": [{"x": 5}, {"pick_first": {}}]},
            "service config: loadBalancingConfig[0].x must be an object, not 5",
        ),
        (
            {"loadBalancingConfig": [{"x": {}}, {"pick_first": {"shuffleAddressList": "true"}}]},
            "service config: loadBalancingConfig[1].pick_first.shuffleAddressList must be true or false, not \"true\"",
        ),
        ({"methodConfig": {}}, "service config: methodConfig must be an array, not {}"),
        ({"methodConfig": [1]}, "service config: methodConfig[0] must be an object, not 1"),
        (
            {"methodConfig": [{"name": [{"method": "One"}]}]},
            'service config: methodConfig[0].name[0] names a method without its service: {"method": "One"}',
        ),
        (
            {"methodConfig": [{"name": [{"service": "a"}]}, {"name": [{"service": "a"}]}]},
            'service config: methodConfig[1].name[0] is there before: {"service": "a"}',
        ),
        (_method(waitForReady=1), "service config: methodConfig[0].waitForReady must be true or false, not 1"),
        (_method(timeout=1), "service config: methodConfig[0].timeout must be a duration such as '1.5s', not 1"),
        (
            _method(timeout="-1s"),
            "service config: methodConfig[0].timeout must be a duration such as '1.5s', not \"-1s\"",
        ),
        (
            _method(maxRequestMessageBytes=-1),
            "service config: methodConfig[0].maxRequestMessageBytes must be a number of bytes, not -1",
        ),
        (
            _method(maxResponseMessageBytes=1.5),
            "service config: methodConfig[0].maxResponseMessageBytes must be a number of bytes, not 1.5",
        ),
        (
            _method(retryPolicy=RETRY, hedgingPolicy={}),
            "service config: methodConfig[0] has both a retryPolicy and a hedgingPolicy: one excludes the other",
        ),
        (
            _method(retryPolicy={**RETRY, "maxAttempts": 1}),
            "service config: methodConfig[0].retryPolicy.maxAttempts must be a whole number of at least 2, not 1",
        ),
        (
            _method(retryPolicy={**RETRY, "initialBackoff": "0s"}),
            'service config: methodConfig[0].retryPolicy.initialBackoff must be more than 0, not "0s"',
        ),
        (
            _method(retryPolicy={**RETRY, "backoffMultiplier": 0}),
            "service config: methodConfig[0].retryPolicy.backoffMultiplier must be more than 0, not 0",
        ),
        (
            _method(retryPolicy={**RETRY, "retryableStatusCodes": []}),
            "service config: methodConfig[0].retryPolicy.retryableStatusCodes must not be empty",
        ),
        (
            _method(retryPolicy={**RETRY, "retryableStatusCodes": ["NOPE"]}),
            "service config: methodConfig[0].retryPolicy.retryableStatusCodes must be status codes, by number or by "
            'name, not "NOPE"',
        ),
        (
            {"healthCheckConfig": {"serviceName": "\ud800"}},
            'service config: healthCheckConfig.serviceName must be Unicode text, not "\\ud800"',
        ),
        (
            {"retryThrottling": {"maxTokens": 1001, "tokenRatio": 1}},
            "service config: retryThrottling.maxTokens must be 1000 at the most, not 1001",
        ),
        (
            {"retryThrottling": {"maxTokens": 10, "tokenRatio": True}},
            "service config: retryThrottling.tokenRatio must be a number, not true",
        ),
    ],
)
def test_a_value_that_makes_no_sense_is_an_error_that_names_its_place(config: Any, text: str) -> None:
    with pytest.raises(ServiceConfigError) as caught:
        parse(config)
    assert str(caught.value) == text


@pytest.mark.parametrize("name", sorted(RETRY))
def test_every_field_of_a_retry_policy_is_required(name: str) -> None:
    policy = {key: value for key, value in RETRY.items() if key != name}
    with pytest.raises(ServiceConfigError, match=rf"methodConfig\[0\]\.retryPolicy\.{name} is missing"):
        method(retryPolicy=policy)


@pytest.mark.parametrize("text", ["", "{", "nope"])
def test_what_is_not_json_is_an_error(text: str) -> None:
    with pytest.raises(ServiceConfigError, match=r"^service config is not JSON"):
        parse_service_config(text, POLICIES)


def test_one_that_is_nested_too_deeply_is_refused_wherever_that_shows() -> None:
    for depth in (*range(700, 1300, 3), 100_000):  # what can just be read cannot be shown
        with pytest.raises(ServiceConfigError):
            parse_service_config('{"methodConfig": ' + "[" * depth + "]" * depth + "}", POLICIES)
