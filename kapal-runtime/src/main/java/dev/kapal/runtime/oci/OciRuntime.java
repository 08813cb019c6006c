package dev.kapal.runtime.oci;

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
 * A runtime with the OCI command line, such as runc, crun or runsc. Needs root. Making one executes
 * nothing; its program is first looked for when something is asked of it.
 */
public final class OciRuntime implements Runtime {
  private static final Pattern ID = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}");

  private final Linux linux;
  private final OciRuntimeConfig config;
  private final OciBinary binary;
  private Optional<OciHost> host = Optional.empty();

  private OciRuntime(Linux linux, OciRuntimeConfig config) {
    this.linux = linux;
    this.config = config;
    this.binary = new OciBinary(linux, config);
  }

  /** A runtime as configured. */
  public static OciRuntime create(Linux linux, OciRuntimeConfig config) {
    return new OciRuntime(linux, config);
  }

  /** Threads and descriptors are there from the first sandbox on. */
  private synchronized OciHost host() {
    if (host.isEmpty()) {
      Poller poller = linux.newPoller("kapal-" + config.name());
      host =
          Optional.of(
              new OciHost(
                  linux,
                  poller,
                  linux.cgroups(),
                  HostFacts.of(linux.features()),
                  new MonitorProgram(linux),
                  config,
                  binary));
    }
    return host.get();
  }

  /** How it was configured. */
  public OciRuntimeConfig config() {
    return config;
  }

  /**
   * The first line of its {@code --version}.
   *
   * @throws ContainerException if it cannot be executed, or is no such program
   */
  public String version() {
    return binary.version();
  }

  @Override
  public String name() {
    return config.name();
  }

  @Override
  public Tier tier() {
    return config.tier();
  }

  /** Asks the program once; of one that cannot be asked, it is nothing. */
  @Override
  public RuntimeFeatures features() {
    return binary.features();
  }

  static void checkId(String id) {
    if (!ID.matcher(id).matches()) {
      throw new ContainerException.Invalid(
          "\""
              + id
              + "\" is no valid id: use 1 to 128 letters, digits, _ . or -, beginning with a letter or digit");
    }
  }

  @Override
  public Sandbox createSandbox(SandboxSpec spec) {
    checkId(spec.id());
    return OciSandbox.create(host(), spec);
  }

  @Override
  public Sandbox reconnect(Path stateDirectory) {
    return OciSandbox.reconnect(host(), stateDirectory);
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
