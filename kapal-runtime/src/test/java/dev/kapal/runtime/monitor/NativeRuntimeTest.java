package dev.kapal.runtime.monitor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class NativeRuntimeTest {
  private static TestHost host;

  @BeforeAll
  static void start() throws Exception {
    Assumptions.assumeTrue(TestHost.isRoot(), "needs root and busybox-static");
    host = new TestHost();
  }

  @AfterAll
  static void stop() throws Exception {
    if (host != null) {
      host.close();
    }
  }

  @Test
  void runsAProgram() throws Exception {
    TestHost.Output output = host.run(TestHost.sh("echo hello; hostname; exit 3"));
    assertThat(output.out()).isEqualTo("hello\nbox\n");
    assertThat(output.exit().code()).isEqualTo(3);
  }
}
