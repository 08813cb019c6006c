package dev.kapal.cli.command;

import dev.kapal.cli.template.Struct;
import dev.kapal.engine.EngineNetworks;
import dev.kapal.engine.Volumes.Volume;
import dev.kapal.image.Image;
import dev.kapal.network.IpPrefix;
import dev.kapal.network.Network;
import dev.kapal.network.Subnet;
import dev.kapal.oci.ContainerConfig;
import dev.kapal.oci.Reference;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Images, volumes and networks in the shape of docker's inspect. Pure. */
final class OtherJson {
  private OtherJson() {}

  static Struct image(Image image) {
    return new Struct()
        .with("Id", image.id().toString())
        .with("RepoTags", image.names().stream().map(Reference::familiar).toList())
        .with("RepoDigests", image.repoDigests().stream().map(Reference::familiar).toList())
        .with("Parent", "")
        .with("Comment", "")
        .with("Created", image.created().toString())
        .with("Author", image.config().author())
        .with("Architecture", image.platform().architecture())
        .with("Variant", image.platform().variant())
        .with("Os", image.platform().os())
        .with("Size", image.size())
        .with("VirtualSize", image.size())
        .with(
            "GraphDriver",
            new Struct().with("Name", "overlay2").with("Data", new LinkedHashMap<String, Object>()))
        .with(
            "RootFS",
            new Struct()
                .with("Type", "layers")
                .with(
                    "Layers",
                    image.config().rootfs().diffIds().stream().map(Object::toString).toList()))
        .with("Metadata", new Struct().with("LastTagTime", image.stored().toString()))
        .with(
            "Descriptor",
            new Struct()
                .with("mediaType", image.manifest().mediaType())
                .with("digest", image.manifest().digest().toString())
                .with("size", image.manifest().size()))
        .with("Config", config(image.config().config()));
  }

  private static Struct config(ContainerConfig config) {
    Struct json =
        new Struct()
            .with("User", config.user())
            .with("Env", config.env())
            .with("WorkingDir", config.workingDir())
            .with("StopSignal", config.stopSignal())
            .with("Labels", new TreeMap<String, Object>(config.labels()));
    nullable(json, "Cmd", config.cmd());
    nullable(json, "Entrypoint", config.entrypoint());
    nullable(json, "OnBuild", config.onBuild());
    json.with("ExposedPorts", keys(config.exposedPorts())).with("Volumes", keys(config.volumes()));
    config
        .healthcheck()
        .ifPresent(health ->
            json.with(
                "Healthcheck",
                new Struct()
                    .with("Test", health.test())
                    .with("Interval", health.interval())
                    .with("Timeout", health.timeout())
                    .with("StartPeriod", health.startPeriod())
                    .with("Retries", (long) health.retries())));
    return json;
  }

  private static void nullable(Struct json, String name, List<String> list) {
    if (list.isEmpty()) {
      json.withNull(name);
    } else {
      json.with(name, list);
    }
  }

  private static Map<String, Object> keys(Iterable<String> names) {
    Map<String, Object> map = new TreeMap<>();
    names.forEach(name -> map.put(name, Map.of()));
    return map;
  }

  static Struct volume(Volume volume) {
    return new Struct()
        .with("CreatedAt", volume.created().toString())
        .with("Driver", volume.driver())
        .with("Labels", new TreeMap<String, Object>(volume.labels()))
        .with("Mountpoint", volume.mountpoint())
        .with("Name", volume.name())
        .with("Options", new TreeMap<String, Object>(volume.options()))
        .with("Scope", "local");
  }

  static Struct network(EngineNetworks.Detail detail) {
    Network network = detail.network();
    Map<String, Object> members = new LinkedHashMap<>();
    detail
        .containers()
        .forEach((id, member) ->
            members.put(
                id,
                new Struct()
                    .with("Name", member.name())
                    .with("EndpointID", member.endpoint().endpointId())
                    .with("MacAddress", member.endpoint().mac())
                    .with("IPv4Address", address(member.endpoint().addresses(), false))
                    .with("IPv6Address", address(member.endpoint().addresses(), true))));
    return new Struct()
        .with("Name", network.name())
        .with("Id", network.id())
        .with("Created", network.created().toString())
        .with("Scope", "local")
        .with("Driver", network.driver())
        .with("EnableIPv4", network.subnets().stream().anyMatch(s -> !six(s)))
        .with("EnableIPv6", network.subnets().stream().anyMatch(OtherJson::six))
        .with(
            "IPAM",
            new Struct()
                .with("Driver", "default")
                .with("Options", new LinkedHashMap<String, Object>())
                .with("Config", network.subnets().stream().map(OtherJson::subnet).toList()))
        .with("Internal", network.internal())
        .with("Attachable", false)
        .with("Ingress", false)
        .with("Containers", members)
        .with("Options", new TreeMap<String, Object>(network.options()))
        .with("Labels", new TreeMap<String, Object>(network.labels()))
        .with("Plugins", network.plugins())
        .with("File", network.file().orElse(""));
  }

  private static String address(List<String> addresses, boolean six) {
    return addresses.stream().filter(a -> (a.indexOf(':') >= 0) == six).findFirst().orElse("");
  }

  private static boolean six(Subnet subnet) {
    return subnet.prefix().toString().indexOf(':') >= 0;
  }

  private static Struct subnet(Subnet subnet) {
    Struct json =
        new Struct()
            .with("Subnet", subnet.prefix().toString())
            .with("Gateway", IpPrefix.text(subnet.gatewayOrFirst()));
    subnet.range().ifPresent(range -> json.with("IPRange", range.toString()));
    return json;
  }
}
