package dev.kapal.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A real kubelet in standalone mode: no API server, pods from manifests in a folder. It lives in
 * the daemon's network namespace and in a mount namespace of its own, in which the kernel's
 * settings that it insists on seem to be set already, so that it changes nothing of the host.
 */
final class Kubelet implements AutoCloseable {
  private static final JsonMapper MAPPER = JsonMapper.builder().build();

  private final Path program;
  private final Path folder;
  private final String namespace;
  private final String cgroup;
  private Optional<Process> process = Optional.empty();

  private Kubelet(Path program, Path folder, String namespace) {
    this.program = program;
    this.folder = folder;
    this.namespace = namespace;
    this.cgroup = "/kapal-it-kubelet-" + folder.getFileName();
  }

  /** A kubelet for a runtime's socket; skips the test, saying why, where there is none. */
  static Kubelet prepare(Path folder, String namespace, Path socket) throws IOException {
    Path program = Path.of("target/kubelet").toAbsolutePath();
    Path root = Path.of(System.getProperty("kapal.root", "..")).toAbsolutePath().normalize();
    Result made =
        Commands.run(
            List.of("sh", root.resolve("build/kubelet").toString(), program.toString()),
            Map.of(),
            "",
            Duration.ofMinutes(30));
    Assumptions.assumeTrue(made.status() != 77, made.err());
    made.mustSucceed();
    Kubelet kubelet = new Kubelet(program, folder, namespace);
    Files.createDirectories(kubelet.manifests());
    Files.writeString(folder.resolve("kubelet.yaml"), kubelet.configuration(socket));
    return kubelet;
  }

  private Path manifests() {
    return folder.resolve("manifests");
  }

  /** Where containers' logs are. */
  Path logs() {
    return folder.resolve("pods");
  }

  String cgroup() {
    return cgroup;
  }

  private String configuration(Path socket) {
    return """
    apiVersion: kubelet.config.k8s.io/v1beta1
    kind: KubeletConfiguration
    authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
    authorization: {mode: AlwaysAllow}
    address: 127.0.0.1
    readOnlyPort: 10255
    cgroupDriver: cgroupfs
    cgroupRoot: %s
    cgroupsPerQOS: true
    enforceNodeAllocatable: []
    failCgroupV1: false
    failSwapOn: false
    containerRuntimeEndpoint: unix://%s
    staticPodPath: %s
    podLogsDir: %s
    containerLogMaxSize: 64Ki
    containerLogMaxFiles: 3
    containerLogMonitorInterval: 3s
    localStorageCapacityIsolation: false
    oomScoreAdj: 0
    syncFrequency: 1s
    fileCheckFrequency: 1s
    shutdownGracePeriod: 0s
    imageGCHighThresholdPercent: 100
    evictionHard:
      memory.available: 1Mi
      nodefs.available: 0%%
      nodefs.inodesFree: 0%%
      imagefs.available: 0%%
    """
        .formatted(cgroup, socket, manifests(), logs());
  }

  /** Starts it, or starts it again. */
  void start() throws IOException {
    String script =
        """
        set -eu
        mount --make-rprivate /
        for setting in vm/overcommit_memory=1 kernel/panic=10 kernel/panic_on_oops=1; do
          file=%1$s/$(basename "${setting%%=*}")
          echo "${setting##*=}" > "$file"
          mount --bind "$file" "/proc/sys/${setting%%=*}"
        done
        for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*/; do
          [ -e "$hierarchy/cgroup.procs" ] || continue
          mkdir -p "$hierarchy%2$s"
          # A group of processors without any takes no process.
          for file in cpuset.cpus cpuset.mems; do
            if [ -e "$hierarchy%2$s/$file" ]; then cat "$hierarchy/$file" > "$hierarchy%2$s/$file"; fi
          done
        done
        exec %3$s --config %1$s/kubelet.yaml --root-dir %1$s/kubelet --hostname-override node --v 2
        """
            .formatted(folder, cgroup, program);
    ProcessBuilder builder =
        new ProcessBuilder(
            "nsenter", "--net=/run/netns/" + namespace, "unshare", "-m", "sh", "-c", script);
    builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    builder.redirectErrorStream(true);
    builder.redirectOutput(
        ProcessBuilder.Redirect.appendTo(folder.resolve("kubelet.log").toFile()));
    process = Optional.of(builder.start());
  }

  void kill9() throws InterruptedException {
    process.orElseThrow().destroyForcibly().waitFor(30, TimeUnit.SECONDS);
  }

  /** Gives it a pod to run; the file appears whole. */
  void run(String name, String manifest) throws IOException {
    Path written = Files.writeString(folder.resolve(name + ".yaml"), manifest);
    Files.move(written, manifests().resolve(name + ".yaml"), StandardCopyOption.ATOMIC_MOVE);
  }

  /** Takes a pod away. */
  void forget(String name) throws IOException {
    Files.delete(manifests().resolve(name + ".yaml"));
  }

  /** What a shell script prints in its network namespace. */
  Result sh(String script) {
    return Commands.sh(
        "exec nsenter --net=/run/netns/"
            + namespace
            + " sh -c '"
            + script.replace("'", "'\\''")
            + "'");
  }

  /** A pod's status as it sees it; empty: it knows of none. */
  Optional<JsonNode> pod(String name) {
    Result pods = sh("busybox wget -q -O - http://127.0.0.1:10255/pods");
    if (pods.status() != 0) {
      return Optional.empty();
    }
    for (JsonNode pod : MAPPER.readTree(pods.out()).path("items")) {
      if (pod.at("/metadata/name").asString("").equals(name + "-node")) {
        return Optional.of(pod);
      }
    }
    return Optional.empty();
  }

  /** What it last had to say. */
  String log() {
    return Commands.sh("grep -E '^[EWF]' '" + folder.resolve("kubelet.log") + "' | tail -n 40")
        .out();
  }

  @Override
  public void close() throws InterruptedException {
    if (process.isPresent()) {
      process.get().destroy();
      if (!process.get().waitFor(20, TimeUnit.SECONDS)) {
        kill9();
      }
    }
    Commands.sh("find /sys/fs/cgroup -depth -type d -path '*" + cgroup + "*' -exec rmdir {} \\;");
  }
}
