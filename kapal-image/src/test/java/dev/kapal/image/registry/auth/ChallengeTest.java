package dev.kapal.image.registry.auth;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChallengeTest {
  @Test
  void bearer() {
    assertThat(
            Challenge.parse(
                List.of(
                    "Bearer realm=\"https://auth.example/token\",service=\"r.example\","
                        + "scope=\"repository:a/b:pull,push\"")))
        .containsExactly(
            new Challenge(
                "bearer",
                Map.of(
                    "realm", "https://auth.example/token",
                    "service", "r.example",
                    "scope", "repository:a/b:pull,push")));
  }

  @Test
  void severalInOneHeaderAndInMany() {
    List<Challenge> all =
        Challenge.parse(
            List.of(
                "Negotiate, Basic realm=\"a \\\"b\\\", c=d\" , Digest nonce = x , qop=auth",
                "NEGOTIATE YWJj==, bearer Realm=plain"));
    assertThat(all)
        .extracting(Challenge::scheme)
        .containsExactly("negotiate", "basic", "digest", "negotiate", "bearer")
        .hasSize(5);
    assertThat(all.get(1).parameter("realm")).contains("a \"b\", c=d");
    assertThat(all.get(2).parameters()).isEqualTo(Map.of("nonce", "x", "qop", "auth"));
    assertThat(all.get(4).parameter("realm")).contains("plain");
  }

  @Test
  void nonsense() {
    assertThat(Challenge.parse(List.of("", ",,,", "=", "\"x\"", "x".repeat(20_000)))).isEmpty();
    assertThat(Challenge.parse(List.of("Basic realm=\"open")))
        .containsExactly(new Challenge("basic", Map.of("realm", "open")));
    assertThat(Challenge.parse(List.of("a,".repeat(5000)))).hasSize(32);
  }
}
