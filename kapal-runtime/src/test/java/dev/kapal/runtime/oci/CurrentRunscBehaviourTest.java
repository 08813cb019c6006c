package dev.kapal.runtime.oci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kapal.runtime.Runtime;
import org.junit.jupiter.api.Test;

/** With control groups and its own network stack, which Debian's gVisor cannot on every kernel. */
class CurrentRunscBehaviourTest extends RuntimeBehaviour {
  private static OciRuntimeConfig config() {
    return OciRuntimeConfig.of("gvisor", Peers.program("gvisor", "runsc"));
  }

  @Override
  Runtime open(Bench bench) {
    return bench.open(config());
  }

  @Test
  void showsAKernelOfItsOwn() throws Exception {
    try (Bench bench = new Bench()) {
      String inside = bench.run(bench.open(config()), bench.spec(Bench.sh("uname -r"))).out();
      assertThat(inside.strip()).endsWith("-gvisor");
    }
  }
}
