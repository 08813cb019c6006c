package dev.kapal.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.cli.Harness;
import org.junit.jupiter.api.Test;

final class CheckCommandTest {
  private final Harness harness = new Harness();

  @Test
  void explainsMessages() {
    Harness.Result known = harness.run("check", "--explain", "unsupported shim version (3)");
    assertThat(known.status()).isZero();
    assertThat(known.out()).contains("version 3 of the shim protocol").contains("\nTo do: ");
    Harness.Result unknown = harness.run("check", "--explain", "the ship sinks");
    assertThat(unknown.status()).isEqualTo(1);
    assertThat(unknown.err()).contains("is not known");
  }

  @Test
  void anUnknownRuntimeFailsWithWhatThereIs() {
    Harness.Result result = harness.run("check", "nativ");
    assertThat(result.status()).isEqualTo(1);
    assertThat(result.out())
        .startsWith("Runtime nativ\n  failure  no runtime for \"nativ\" is configured")
        .contains("did you mean \"native\"?")
        .contains("to do: ")
        .endsWith("0 ok, 0 warnings, 1 failure\n");
    assertThat(harness.run("check", "--json", "nativ").out())
        .contains("\"id\": \"runtime.program\"", "\"subject\": \"nativ\"", "\"failures\": 1");
  }

  @Test
  void coloursAreForTerminalsThatWantThem() {
    harness.terminals = true;
    assertThat(harness.run("check", "nativ").out()).contains("\u001b[31mfailure\u001b[0m");
    harness.environment.put("NO_COLOR", "1");
    assertThat(harness.run("check", "nativ").out()).doesNotContain("\u001b");
  }

  @Test
  void kubernetesStandsAlone() {
    assertThat(harness.run("check", "kubernetes", "runc").status()).isNotZero();
    assertThat(harness.run("check", "kubernetes").out()).contains("Kubernetes\n", "pulls none");
  }
}
