package dev.kapal.runtime.oci;

import dev.kapal.runtime.Runtime;
import dev.kapal.runtime.Tier;
import dev.kapal.runtime.shim.ShimRuntimeConfig;
import org.junit.jupiter.api.Assumptions;

/** The shim that this host's containerd has. */
class ShimRuncBehaviourTest extends RuntimeBehaviour {
  static final String PROGRAM = "containerd-shim-runc-v2";

  @Override
  Runtime open(Bench bench) {
    Assumptions.assumeTrue(Bench.find("runc").isPresent(), "runc is not installed");
    Assumptions.assumeTrue(Bench.find(PROGRAM).isPresent(), "containerd is not installed");
    return bench.open(
        ShimRuntimeConfig.of(
            "io.containerd.runc.v2", Tier.NATIVE, Bench.find(PROGRAM).orElseThrow()));
  }
}
