package dev.kapal.runtime.oci;

import dev.kapal.runtime.Runtime;
import dev.kapal.runtime.Tier;
import dev.kapal.runtime.shim.ShimRuntimeConfig;
import org.junit.jupiter.api.Assumptions;

/** The shim of containerd 2.4. */
class Containerd24ShimBehaviourTest extends RuntimeBehaviour {
  @Override
  Runtime open(Bench bench) {
    Assumptions.assumeTrue(Bench.find("runc").isPresent(), "runc is not installed");
    return bench.open(
        ShimRuntimeConfig.of(
            "io.containerd.runc.v2",
            Tier.NATIVE,
            Peers.program("containerd-2.4", "containerd-shim-runc-v2")));
  }
}
