package dev.kapal.cli.command;

import static dev.kapal.cli.model.Option.flag;
import static dev.kapal.cli.model.Option.list;
import static dev.kapal.cli.model.Option.value;

import dev.kapal.cli.model.Completion;
import dev.kapal.cli.model.Option;
import java.util.ArrayList;
import java.util.List;

/** The options of run and create. */
final class RunOptions {
  private RunOptions() {}

  static final Option DETACH_KEYS =
      value(
          "detach-keys",
          "KEYS",
          "Keys that detach from the container (default ctrl-p,ctrl-q, or detachKeys of config.json)");

  static final Option PULL =
      value("pull", "POLICY", "Pull the image first: always, missing or never (default missing)")
          .among("always", "missing", "never");

  static final Option PLATFORM = Platforms.option("Choose this platform of the image");

  /** Those that create has too. */
  static List<Option> common() {
    List<Option> all = new ArrayList<>();
    all.addAll(container());
    all.addAll(process());
    all.addAll(storage());
    all.addAll(network());
    all.addAll(resources());
    all.addAll(security());
    all.addAll(health());
    all.addAll(logging());
    return all;
  }

  private static List<Option> container() {
    String in = "Container";
    return List.of(
        value("name", "NAME", "Give the container a name").in(in),
        flag("rm", "Remove the container and its anonymous volumes when it ends").in(in),
        PULL.in(in),
        flag("quiet", "Show no progress of the pull").letter('q').in(in),
        PLATFORM.in(in),
        value(
                "restart",
                "POLICY",
                "Start again when it ends: no, on-failure[:N], always, unless-stopped (default no)")
            .among("no", "on-failure", "always", "unless-stopped")
            .in(in),
        list("label", "KEY=VALUE", "Set a label").letter('l').in(in),
        list("label-file", "FILE", "Read labels from a file").completes(Completion.FILE).in(in),
        list("annotation", "KEY=VALUE", "Add an annotation for the runtime").in(in),
        value("cidfile", "FILE", "Write the container's ID to a new file")
            .completes(Completion.FILE)
            .in(in),
        value("runtime", "NAME", "Run it with this runtime").in(in).completes(Completion.RUNTIME),
        value("tier", "TIER", "Isolate at least so: native, sandbox (application kernel), vm")
            .among("native", "sandbox", "vm")
            .in(in),
        value(
                "stop-signal",
                "SIGNAL",
                "Signal that asks it to end (default the image's, or SIGTERM)")
            .in(in),
        value(
                "stop-timeout",
                "SECONDS",
                "Seconds between that signal and SIGKILL; -1 waits for ever (default 10)")
            .in(in),
        value("isolation", "NAME", "Windows only").hide(),
        flag("disable-content-trust", "Ignored").hide(),
        value("gpus", "DEVICES", "Not supported").hide(),
        list("link", "CONTAINER[:ALIAS]", "Not supported").hide(),
        list("link-local-ip", "ADDRESS", "Not supported").hide(),
        value("volume-driver", "NAME", "Only local").hide(),
        list("storage-opt", "KEY=VALUE", "Not supported").hide(),
        flag("use-api-socket", "Not supported").hide());
  }

  private static List<Option> process() {
    String in = "Process";
    return List.of(
        flag("interactive", "Keep standard input open").letter('i').in(in),
        flag("tty", "Give it a terminal").letter('t').in(in),
        list("attach", "STREAM", "Attach only to these: stdin, stdout, stderr")
            .letter('a')
            .among("stdin", "stdout", "stderr")
            .in(in),
        list("env", "NAME[=VALUE]", "Set an environment variable, or pass on one of the caller's")
            .letter('e')
            .in(in),
        list("env-file", "FILE", "Read environment variables from a file")
            .completes(Completion.FILE)
            .in(in),
        value("workdir", "DIRECTORY", "Working directory inside").letter('w').in(in),
        value("user", "USER[:GROUP]", "Run as this user, by name or number").letter('u').in(in),
        list("group-add", "GROUP", "Add a supplementary group").in(in),
        value("entrypoint", "COMMAND", "Replace the image's entry point; empty for none").in(in),
        flag("init", "Run a small init that reaps orphans and passes signals on").in(in),
        list("ulimit", "NAME=SOFT[:HARD]", "Set a resource limit, as in nofile=1024:2048").in(in),
        value("umask", "OCTAL", "File mode creation mask (default 0022)").in(in));
  }

  private static List<Option> storage() {
    String in = "Storage";
    return List.of(
        list(
                "volume",
                "[SOURCE:]TARGET[:OPTIONS]",
                "Mount a path or a volume, as in ./data:/data:ro")
            .letter('v')
            .completes(Completion.FILE)
            .in(in),
        list("mount", "FIELDS", "Mount something, as in type=bind,src=/data,dst=/data,readonly")
            .in(in),
        list("tmpfs", "TARGET[:OPTIONS]", "Mount a tmpfs, as in /run:size=64m,mode=1777").in(in),
        list("volumes-from", "CONTAINER[:ro]", "Mount the volumes of another container")
            .completes(Completion.CONTAINER)
            .in(in),
        flag("read-only", "Mount the root file system read-only").in(in),
        value("shm-size", "BYTES", "Size of /dev/shm (default 64m)").in(in),
        list("device", "HOST[:INSIDE[:rwm]]", "Add a device of the host")
            .completes(Completion.FILE)
            .in(in),
        list("device-cgroup-rule", "RULE", "Allow devices, as in 'c 42:* rmw'").in(in));
  }

  private static List<Option> network() {
    String in = "Network";
    return List.of(
        list(
                "network",
                "NETWORK",
                "Join a network: none, host, bridge, container:NAME or a name (default bridge)")
            .completes(Completion.NETWORK)
            .in(in),
        list("net", "NETWORK", "Same as --network").hide(),
        list("network-alias", "NAME", "Add a name of the container on its network").in(in),
        list("net-alias", "NAME", "Same as --network-alias").hide(),
        list("publish", "[[IP:]HOST:]PORT[/PROTO]", "Publish a port on the host, as in 8080:80")
            .letter('p')
            .in(in),
        flag("publish-all", "Publish all exposed ports on free ports").letter('P').in(in),
        list("expose", "PORT[/PROTO]", "Expose a port, or a range of them").in(in),
        value("hostname", "NAME", "Host name inside (default the short ID)").letter('h').in(in),
        value("domainname", "NAME", "NIS domain name inside").in(in),
        value("ip", "ADDRESS", "IPv4 address on its network").in(in),
        value("ip6", "ADDRESS", "IPv6 address on its network").in(in),
        value("mac-address", "ADDRESS", "MAC address on its network").in(in),
        list("dns", "ADDRESS", "Name server").in(in),
        list("dns-search", "DOMAIN", "Search domain; '.' for none").in(in),
        list("dns-option", "OPTION", "Option of resolv.conf").in(in),
        list("dns-opt", "OPTION", "Same as --dns-option").hide(),
        list(
                "add-host",
                "NAME:ADDRESS",
                "Add a line to /etc/hosts; the address may be host-gateway")
            .in(in));
  }

  /** Those that update has too. */
  static List<Option> limits() {
    String in = "Resources";
    return List.of(
        value("memory", "BYTES", "Memory limit, as in 512m").letter('m').in(in),
        value("memory-swap", "BYTES", "Limit of memory and swap together; -1 for unlimited swap")
            .in(in),
        value("memory-reservation", "BYTES", "Soft memory limit").in(in),
        value("kernel-memory", "BYTES", "Kernel memory limit").hide(),
        value("cpus", "NUMBER", "CPUs, as in 1.5").in(in),
        value("cpu-shares", "WEIGHT", "CPU weight; 1024 is normal").letter('c').in(in),
        value("cpu-quota", "MICROSECONDS", "CPU time in each period").in(in),
        value("cpu-period", "MICROSECONDS", "Length of a period").in(in),
        value("cpu-rt-runtime", "MICROSECONDS", "Real-time CPU time in each real-time period")
            .in(in),
        value("cpu-rt-period", "MICROSECONDS", "Length of a real-time period").in(in),
        value("cpuset-cpus", "LIST", "CPUs to run on, as in 0-2,4").in(in),
        value("cpuset-mems", "LIST", "Memory nodes to use").in(in),
        value("pids-limit", "NUMBER", "Limit of processes and threads; -1 for none").in(in),
        value("blkio-weight", "WEIGHT", "Weight of block I/O, 10 to 1000").in(in));
  }

  private static List<Option> resources() {
    String in = "Resources";
    List<Option> all = new ArrayList<>(limits());
    all.addAll(
        List.of(
            value("memory-swappiness", "PERCENT", "How readily memory is swapped out, 0 to 100")
                .in(in),
            list("blkio-weight-device", "DEVICE:WEIGHT", "Weight of I/O of a device").in(in),
            list("device-read-bps", "DEVICE:RATE", "Limit reading from a device, bytes a second")
                .in(in),
            list("device-write-bps", "DEVICE:RATE", "Limit writing to a device, bytes a second")
                .in(in),
            list(
                    "device-read-iops",
                    "DEVICE:RATE",
                    "Limit reading from a device, operations a second")
                .in(in),
            list(
                    "device-write-iops",
                    "DEVICE:RATE",
                    "Limit writing to a device, operations a second")
                .in(in),
            flag("oom-kill-disable", "Keep the kernel from killing it for lack of memory").in(in),
            value("oom-score-adj", "NUMBER", "Preference of the kernel's OOM killer, -1000 to 1000")
                .in(in),
            list("cgroup-conf", "FILE=VALUE", "Write a cgroup v2 file, as in memory.high=512M")
                .in(in),
            value("cgroup-parent", "CGROUP", "Make its cgroup below this one").in(in)));
    return all;
  }

  private static List<Option> security() {
    String in = "Security and namespaces";
    return List.of(
        flag("privileged", "Give it all capabilities and devices, and no filter").in(in),
        list("cap-add", "CAPABILITY", "Add a capability, or ALL").in(in),
        list("cap-drop", "CAPABILITY", "Drop a capability, or ALL").in(in),
        list(
                "security-opt",
                "OPTION",
                "no-new-privileges, seccomp=FILE, apparmor=PROFILE, label=…, systempaths=unconfined")
            .in(in),
        value("userns", "MODE", "User namespace: host or private").among("host", "private").in(in),
        list("uidmap", "INSIDE:HOST[:SIZE]", "Map users, with --userns private").in(in),
        list("gidmap", "INSIDE:HOST[:SIZE]", "Map groups, with --userns private").in(in),
        value("pid", "MODE", "PID namespace: private, host or container:NAME")
            .among("private", "host", "container:")
            .in(in),
        value("ipc", "MODE", "IPC namespace: private, shareable, none, host or container:NAME")
            .among("private", "shareable", "none", "host", "container:")
            .in(in),
        value("uts", "MODE", "UTS namespace: private or host").among("private", "host").in(in),
        value("cgroupns", "MODE", "Cgroup namespace: private or host")
            .among("private", "host")
            .in(in),
        list("sysctl", "NAME=VALUE", "Set a kernel parameter of its namespaces").in(in));
  }

  private static List<Option> health() {
    String in = "Health check";
    return List.of(
        value("health-cmd", "COMMAND", "Line for /bin/sh that tells whether it is well").in(in),
        value("health-interval", "DURATION", "Time between checks (default 30s)").in(in),
        value("health-timeout", "DURATION", "Time that a check may take (default 30s)").in(in),
        value("health-start-period", "DURATION", "Time at the start in which failures do not count")
            .in(in),
        value(
                "health-start-interval",
                "DURATION",
                "Time between checks in that period (default 5s)")
            .in(in),
        value("health-retries", "NUMBER", "Failures in a row that make it unhealthy (default 3)")
            .in(in),
        flag("no-healthcheck", "Turn off the image's health check").in(in));
  }

  private static List<Option> logging() {
    String in = "Logging";
    return List.of(
        value("log-driver", "DRIVER", "Where output is kept: json-file, cri or none")
            .among("json-file", "cri", "none")
            .in(in),
        list("log-opt", "KEY=VALUE", "Option of the driver, as in max-size=10m").in(in));
  }
}
