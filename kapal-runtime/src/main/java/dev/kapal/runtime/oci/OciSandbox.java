package dev.kapal.runtime.oci;

import dev.kapal.linux.ExitStatus;
import dev.kapal.linux.systemd.Slices;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.runtime.Container;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerSpec;
import dev.kapal.runtime.SandboxSpec;
import dev.kapal.runtime.driver.HostCommand;
import dev.kapal.runtime.driver.MonitoredSandbox;
import dev.kapal.runtime.driver.RuntimeMessages;
import dev.kapal.runtime.driver.Trees;
import dev.kapal.runtime.monitor.SandboxFiles;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** A sandbox whose containers a command-line runtime makes. */
final class OciSandbox extends MonitoredSandbox<OciContainer> {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private final OciHost host;
  private final AtomicInteger logs = new AtomicInteger();

  private OciSandbox(
      OciHost host, String id, SandboxFiles files, Map<NamespaceType, Path> namespaces) {
    super(host.linux(), host.poller(), id, files, namespaces);
    this.host = host;
  }

  static OciSandbox create(OciHost host, SandboxSpec spec) {
    SandboxFiles files = newFiles(host.linux(), spec.stateDirectory());
    OciSandbox sandbox = new OciSandbox(host, spec.id(), files, spec.namespaces());
    sandbox.begin(host.program(), spec);
    return sandbox;
  }

  static OciSandbox reconnect(OciHost host, Path directory) {
    SandboxFiles files = SandboxFiles.open(host.linux(), directory);
    try {
      OciRecord state = read(files, directory);
      Map<NamespaceType, Path> namespaces = new TreeMap<>();
      state.namespaces().forEach((type, path) -> namespaces.put(type, Path.of(path)));
      OciSandbox sandbox = new OciSandbox(host, state.id(), files, namespaces);
      sandbox.used(state.reserved());
      new OciReconnect(sandbox, state).run();
      return sandbox;
    } catch (RuntimeException e) {
      files.close();
      throw e;
    }
  }

  private static OciRecord read(SandboxFiles files, Path directory) {
    byte[] json =
        files
            .read(STATE)
            .orElseThrow(() ->
                new ContainerException.Gone(
                    "There is no sandbox at " + directory + ": it has no " + STATE));
    try {
      OciRecord state = MAPPER.readValue(json, OciRecord.class);
      if (state == null || state.version() != 1 || !"oci".equals(state.kind())) {
        throw new ContainerException.Gone(
            "The sandbox at " + directory + " belongs to another runtime or version of Kapal");
      }
      return state;
    } catch (JacksonException e) {
      throw new ContainerException.Gone(
          "The state of the sandbox at " + directory + " is damaged: remove the directory", e);
    }
  }

  OciHost host() {
    return host;
  }

  /** The runtime's own state; made when it is first needed. */
  String root() {
    return host.config().root().map(Path::toString).orElseGet(() -> path("root"));
  }

  /** Whether the groups of its containers, one that is being made among them, are scopes. */
  private boolean systemd() {
    return containers().stream()
        .map(Container::cgroupPath)
        .anyMatch(path -> !Slices.cgroupsPath(path).equals(path));
  }

  /** Global arguments of a command that logs into a file of ours. */
  List<String> globals(String logFile) {
    List<String> arguments = new ArrayList<>(host.config().arguments());
    arguments.addAll(List.of("--root", root(), "--log", path(logFile), "--log-format", "json"));
    // gVisor would keep changes in a file of its own inside the root, which only its mount sees.
    if (host.config().program().startsWith("runsc")
        && host.config().arguments().stream().noneMatch(a -> a.contains("overlay2"))) {
      arguments.add("--overlay2=none");
    }
    if (systemd() && !host.config().ignoresCgroups()) {
      arguments.add("--systemd-cgroup");
    }
    if (host.config().ignoresCgroups()) {
      boolean crun = host.config().program().startsWith("crun");
      arguments.add(crun ? "--cgroup-manager=disabled" : "--ignore-cgroups");
    }
    return arguments;
  }

  /**
   * Runs a short command of the runtime.
   *
   * @return what it printed
   * @throws ContainerException if it fails
   */
  String command(String doing, Duration limit, List<String> arguments) {
    String logFile = "log.c" + logs.incrementAndGet();
    try {
      List<String> all = new ArrayList<>(globals(logFile));
      all.addAll(arguments);
      HostCommand.Result result = host.binary().run(doing, all, limit);
      if (result.ok()) {
        return result.out();
      }
      String log = files().read(logFile).map(b -> new String(b, StandardCharsets.UTF_8)).orElse("");
      throw commandFailed(doing, result.exit(), RuntimeMessages.error(log, result.err()));
    } finally {
      Trees.remove(host.linux(), files().directory(), logFile);
    }
  }

  ContainerException.LaunchFailed commandFailed(
      String doing, ExitStatus exit, Optional<String> said) {
    String how =
        switch (exit) {
          case ExitStatus.Exited(int code) -> "ended with " + code;
          case ExitStatus.Signaled(int signal, boolean _) -> "was killed by signal " + signal;
        };
    String message =
        "Cannot "
            + doing
            + ": "
            + host.binary().title()
            + said.map(s -> " says: " + s + Hints.of(s, host.config()))
                .orElse(" " + how + " and gave no reason; try the command by hand");
    return new ContainerException.LaunchFailed(
        message,
        said.map(RuntimeMessages::kind).orElse(ContainerException.LaunchFailed.Kind.SETUP),
        Optional.empty(),
        "");
  }

  @Override
  protected void write(int reserved, List<OciContainer> all) {
    Map<NamespaceType, String> paths = new TreeMap<>();
    namespaces().forEach((type, path) -> paths.put(type, path.toString()));
    files()
        .write(
            STATE,
            MAPPER.writeValueAsBytes(
                new OciRecord(
                    1,
                    "oci",
                    id(),
                    paths,
                    reserved,
                    all.stream().map(OciContainer::toRecord).toList())));
  }

  @Override
  public Container createContainer(ContainerSpec spec) {
    OciRuntime.checkId(spec.id());
    connection();
    return new OciCreation(this, spec).run();
  }
}
