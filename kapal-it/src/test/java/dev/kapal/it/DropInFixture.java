package dev.kapal.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

/** A kapal-oci for the tests of a class; each of them leaves nothing behind. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class DropInFixture {
  DropIn oci;

  DropIn open() {
    return DropIn.withDaemon();
  }

  @BeforeAll
  void start() {
    oci = open();
  }

  @AfterAll
  void stop() {
    if (oci != null) {
      oci.close();
    }
  }

  @AfterEach
  void nothingIsLeft() {
    for (String id : oci.run("list", "-q").out().lines().toList()) {
      oci.run("delete", "--force", id);
    }
    assertThat(oci.left()).isEmpty();
  }

  String status(String id) {
    return Commands.sh("echo '" + oci.ok("state", id) + "' | jq -r .status").text();
  }

  int pid(String id) {
    return Integer.parseInt(Commands.sh("echo '" + oci.ok("state", id) + "' | jq .pid").text());
  }

  String inside(String id, String script) {
    return oci.ok("exec", id, "sh", "-c", script);
  }

  void await(String id, String wanted) throws InterruptedException {
    for (int i = 0; i < 200 && !status(id).equals(wanted); i++) {
      TimeUnit.MILLISECONDS.sleep(50);
    }
    assertThat(status(id)).isEqualTo(wanted);
  }

  /** Runs a Python program with arguments and the command line behind them. */
  Result python(String script, String... arguments) {
    return python(Map.of(), script, arguments);
  }

  /** As the other one, with more environment. */
  Result python(Map<String, String> more, String script, String... arguments) {
    List<String> line = new ArrayList<>(List.of("python3", "-c", script));
    line.addAll(List.of(arguments));
    line.addAll(oci.line());
    Map<String, String> environment = new HashMap<>(oci.environment());
    environment.putAll(more);
    return Commands.run(line, environment, "", Duration.ofSeconds(60));
  }
}
