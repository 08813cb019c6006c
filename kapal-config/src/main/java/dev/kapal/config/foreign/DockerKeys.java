package dev.kapal.config.foreign;

import dev.kapal.config.text.Node;

/** The keys of Docker's daemon.json (Docker 20 to 28). */
final class DockerKeys {
  private DockerKeys() {}

  static KeyTable keys() {
    KeyTable keys = new KeyTable("Docker");
    keys.row("data-root", DockerHost::dataRoot)
        .row(
            "graph",
            (in, f) ->
                in.mistake(
                    f, "dockerd 23 and later refuse to start over this key; it is data-root"))
        .row(
            "exec-root",
            (in, f) ->
                in.notApplicable(
                    f, "Kapal's is daemon.run_dir; sharing Docker's would mix the two"))
        .row("cgroup-parent", DockerHost::cgroupParent)
        .row(
            "group",
            (in, f) ->
                in.notApplicable(
                    f,
                    "members of Docker's group are not given root by Kapal unasked; set daemon.group"))
        .row(
            "debug",
            (in, f) -> {
              if (!(f.node() instanceof Node.Flag)) {
                in.mistake(
                    f, "this is true or false, without quotes; dockerd refuses to start over it");
              } else if (f.isTrue()) {
                in.translate(f, new Node.Text(f.at(), "debug"), "daemon", "log_level");
              } else {
                in.notApplicable(f, "it is off: the default counts");
              }
            })
        .row("log-level", DockerLogs::logLevel)
        .row("default-runtime", (_, _) -> {})
        .row("runtimes/*", DockerRuntimes::runtime)
        .row("log-driver", DockerLogs::logDriver)
        .row("log-opts/*", DockerLogs::logOption)
        .row("default-ulimits/*", DockerContainers::ulimit)
        .take("init", "containers", "init")
        .row("seccomp-profile", DockerContainers::seccomp)
        .row("userns-remap", DockerContainers::userns)
        .row("registry-mirrors", DockerRegistries::mirrors)
        .row("insecure-registries", DockerRegistries::insecure)
        .take("max-concurrent-downloads", "registries", "max_concurrent_downloads")
        .take("max-concurrent-uploads", "registries", "max_concurrent_uploads")
        .take("dns", "network", "dns")
        .take("dns-search", "network", "dns_search")
        .take("dns-opts", "network", "dns_options")
        .take("ipv6", "network", "ipv6")
        .row(
            "mtu",
            (in, f) -> {
              if (f.isEmpty()) {
                in.notApplicable(f, "0 is the default");
              } else {
                in.take(f, f.node(), "network", "mtu");
              }
            })
        .row("bip", DockerNetworks::bip)
        .row("default-address-pools", DockerNetworks::pools)
        .row("exec-opts", DockerHost::execOpts)
        .row("storage-driver", DockerHost::storageDriver)
        .row(
            "hosts",
            (in, f) ->
                in.notApplicable(
                    f,
                    "Kapal's sockets are its own; note that dockerd refuses to start when its unit passes -H as well"));
    return without(keys);
  }

  private static KeyTable without(KeyTable keys) {
    return keys.none("containers always outlive Kapal's daemon", "live-restore")
        .none("Kapal's daemon leaves containers running when it ends", "shutdown-timeout")
        .none("Kapal unpacks to overlayfs and has no options for it", "storage-opts")
        .none(
            "give it with docker run or kapal run, per container",
            "default-shm-size",
            "default-ipc-mode",
            "default-cgroupns-mode",
            "no-new-privileges",
            "cpu-rt-period",
            "cpu-rt-runtime",
            "init-path",
            "host-gateway-ip",
            "host-gateway-ips")
        .none(
            "networks are CNI configurations in Kapal; make one with kapal network create",
            "bridge",
            "bip6",
            "fixed-cidr",
            "fixed-cidr-v6",
            "default-gateway",
            "default-gateway-v6",
            "default-network-opts",
            "icc",
            "ip",
            "ip-forward",
            "ip-forward-no-drop",
            "ip-masq",
            "iptables",
            "ip6tables",
            "userland-proxy",
            "userland-proxy-path",
            "allow-direct-routing",
            "bridge-accept-fwmark",
            "firewall-backend",
            "network-control-plane-mtu",
            "network-diagnostic-port")
        .none(
            "TLS is for Docker's TCP socket, which Kapal does not open",
            "tls",
            "tlscacert",
            "tlscert",
            "tlskey",
            "tlsverify")
        .none(
            "it is about Docker's API, which Kapal does not serve",
            "authorization-plugins",
            "api-cors-header",
            "min-api-version")
        .none(
            "Kapal takes proxies from its environment: HTTP_PROXY, HTTPS_PROXY, NO_PROXY",
            "proxies/http-proxy",
            "proxies/https-proxy",
            "proxies/no-proxy",
            "http-proxy",
            "https-proxy",
            "no-proxy")
        .none(
            "it is about Swarm, which Kapal does not have",
            "swarm-default-advertise-addr",
            "node-generic-resources",
            "cluster-store",
            "cluster-advertise",
            "cluster-store-opts",
            "swarm-raft-heartbeat-tick",
            "swarm-raft-election-tick")
        .none("it is about BuildKit within dockerd, which Kapal does not have", "builder")
        .none(
            "it is about dockerd's own containerd",
            "containerd",
            "containerd-namespace",
            "containerd-plugin-namespace",
            "containerd-plugins-namespace")
        .none(
            "it is about dockerd's own process",
            "pidfile",
            "log-format",
            "raw-logs",
            "labels",
            "metrics-addr",
            "experimental",
            "features",
            "oom-score-adjust",
            "selinux-enabled",
            "rootless",
            "deprecated-key-path",
            "max-download-attempts",
            "cdi-spec-dirs",
            "allow-nondistributable-artifacts",
            "disable-legacy-registry")
        .row("insecure-registry", flag("insecure-registries"))
        .row("registry-mirror", flag("registry-mirrors"))
        .row("log-opt", flag("log-opts"))
        .row("exec-opt", flag("exec-opts"))
        .row("storage-opt", flag("storage-opts"))
        .row("add-runtime", flag("runtimes"))
        .row("host", flag("hosts"))
        .row("label", flag("labels"))
        .row("default-ulimit", flag("default-ulimits"))
        .row("default-address-pool", flag("default-address-pools"))
        .row("dns-opt", flag("dns-opts"));
  }

  private static Handler flag(String key) {
    return (in, f) ->
        in.mistake(
            f,
            "this is the name of dockerd's command line option; in the file it is \""
                + key
                + "\", and dockerd refuses to start over this");
  }
}
