package dev.kapal.runtime.shim;

import dev.kapal.linux.Linux;
import dev.kapal.linux.Poller;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.Runtime;
import dev.kapal.runtime.RuntimeFeatures;
import dev.kapal.runtime.Sandbox;
import dev.kapal.runtime.SandboxSpec;
import dev.kapal.runtime.Tier;
import dev.kapal.runtime.monitor.MonitorProgram;
import dev.kapal.runtime.plan.HostFacts;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A runtime that is driven by a shim of containerd. Needs root. Making one executes nothing; its
 * program is first looked for when something is asked of it.
 */
public final class ShimRuntime implements Runtime {
  /** Shims accept no more. */
  private static final Pattern ID = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,75}");

  private final Linux linux;
  private final ShimRuntimeConfig config;
  private Optional<ShimHost> host = Optional.empty();

  private ShimRuntime(Linux linux, ShimRuntimeConfig config) {
    this.linux = linux;
    this.config = config;
  }

  /** A runtime as configured. */
  public static ShimRuntime create(Linux linux, ShimRuntimeConfig config) {
    return new ShimRuntime(linux, config);
  }

  /** Threads and descriptors are there from the first sandbox on. */
  private synchronized ShimHost host() {
    if (host.isEmpty()) {
      Poller poller = linux.newPoller("kapal-" + config.name());
      host =
          Optional.of(
              new ShimHost(
                  linux,
                  poller,
                  linux.cgroups(),
                  HostFacts.of(linux.features()),
                  new MonitorProgram(linux),
                  config));
    }
    return host.get();
  }

  /** How it was configured. */
  public ShimRuntimeConfig config() {
    return config;
  }

  @Override
  public String name() {
    return config.name();
  }

  @Override
  public Tier tier() {
    return config.tier();
  }

  /** What every shim has to be able to do. */
  @Override
  public RuntimeFeatures features() {
    return new RuntimeFeatures(
        true, true, true, true, config.tier() == Tier.NATIVE, false, true, true, false);
  }

  static void checkId(String id) {
    if (!ID.matcher(id).matches()) {
      throw new ContainerException.Invalid(
          "\""
              + id
              + "\" is no valid id for a shim: use 1 to 76 letters, digits, _ . or -, beginning with a letter or digit");
    }
  }

  @Override
  public Sandbox createSandbox(SandboxSpec spec) {
    checkId(spec.id());
    return ShimSandbox.create(host(), spec);
  }

  @Override
  public Sandbox reconnect(Path stateDirectory) {
    return ShimSandbox.reconnect(host(), stateDirectory);
  }

  @Override
  public synchronized void close() {
    host.ifPresent(h -> {
      h.poller().close();
      h.program().close();
    });
    host = Optional.empty();
  }
}
