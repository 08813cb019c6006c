package dev.kapal.runtime.oci;

import dev.kapal.runtime.Runtime;
import dev.kapal.runtime.Tier;
import dev.kapal.runtime.shim.ShimOptions;
import dev.kapal.runtime.shim.ShimRuntimeConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** gVisor by its shim. */
class ShimRunscBehaviourTest extends RuntimeBehaviour {
  @Override
  Runtime open(Bench bench) {
    Path shim = Peers.program("gvisor", "containerd-shim-runsc-v1");
    Path settings = bench.directory.resolve("runsc.toml");
    try {
      Files.writeString(
          settings,
          """
          binary_name = "%s"
          [runsc_config]
          overlay2 = "none"
          """
              .formatted(shim.resolveSibling("runsc")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bench.open(
        ShimRuntimeConfig.of("io.containerd.runsc.v1", Tier.SANDBOX, shim)
            .withOptions(
                new ShimOptions.Generic(
                    "io.containerd.runsc.v1.options", settings.toString(), "")));
  }

  /** Its shim asks for the end after the start, and tells 128 of what has ended by then. */
  @Override
  String brief(String script) {
    return "trap 'sleep 0.7' EXIT; " + script;
  }
}
