package dev.kapal.engine.cdi;

import dev.kapal.oci.runtime.Hook;
import dev.kapal.oci.runtime.IntelRdt;
import dev.kapal.oci.runtime.Mount;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * A vendor's file, JSON or YAML: the former is the latter, too.
 *
 * @param kind {@code VENDOR/CLASS}
 * @param edits for each container that has one of the devices
 * @param devices edits by the device's name
 */
record CdiFile(String kind, CdiEdits edits, Map<String, CdiEdits> devices) {
  /** Longest file, in bytes. */
  static final int MAX = 4 << 20;

  private static final Set<String> POINTS =
      Set.of(
          "prestart",
          "createRuntime",
          "createContainer",
          "startContainer",
          "poststart",
          "poststop");

  /**
   * Reads one.
   *
   * @throws IllegalArgumentException it is none; the message says where and why
   */
  static CdiFile parse(String text) {
    LoadSettings settings =
        LoadSettings.builder().setCodePointLimit(MAX).setMaxAliasesForCollections(50).build();
    CdiNodeReader top;
    try {
      top = CdiNodeReader.of(new Load(settings).loadFromString(text));
    } catch (YamlEngineException | StackOverflowError e) {
      throw new IllegalArgumentException("it is neither JSON nor YAML: " + e.getMessage(), e);
    }
    top.only("cdiVersion", "kind", "annotations", "devices", "containerEdits");
    if (!top.text("cdiVersion").matches("(0\\.[3-9]|1\\.\\d{1,3})\\.\\d{1,3}(-.*)?")) {
      throw new IllegalArgumentException(
          "cdiVersion \"" + top.text("cdiVersion") + "\" is not one from 0.3.0 to 1.x");
    }
    Map<String, CdiEdits> devices = new LinkedHashMap<>();
    for (CdiNodeReader d : top.list("devices")) {
      d.only("name", "annotations", "containerEdits");
      if (devices.put(d.text("name"), edits(d.object("containerEdits"))) != null) {
        throw new IllegalArgumentException("two devices are named " + d.text("name"));
      }
    }
    return new CdiFile(top.text("kind"), edits(top.object("containerEdits")), devices);
  }

  private static CdiEdits edits(CdiNodeReader e) {
    e.only("env", "deviceNodes", "mounts", "hooks", "additionalGids", "netDevices", "intelRdt");
    Map<String, List<Hook>> hooks = new LinkedHashMap<>();
    for (CdiNodeReader h : e.list("hooks")) {
      h.only("hookName", "path", "args", "env", "timeout");
      String point = h.text("hookName");
      if (!POINTS.contains(point)) {
        throw new IllegalArgumentException("the hook name \"" + point + "\" is unknown");
      }
      hooks
          .computeIfAbsent(point, _ -> new ArrayList<>())
          .add(
              new Hook(
                  h.text("path"),
                  h.texts("args"),
                  h.texts("env"),
                  h.number("timeout").isPresent()
                      ? Optional.of(Math.toIntExact(h.number("timeout").getAsLong()))
                      : Optional.empty()));
    }
    Map<String, String> net = new LinkedHashMap<>();
    for (CdiNodeReader n : e.list("netDevices")) {
      n.only("hostInterfaceName", "name");
      net.put(n.text("hostInterfaceName"), n.text("name"));
    }
    return new CdiEdits(
        e.texts("env"),
        e.list("deviceNodes").stream().map(CdiFile::node).toList(),
        e.list("mounts").stream().map(CdiFile::mount).toList(),
        hooks,
        e.numbers("additionalGids"),
        net,
        rdt(e.object("intelRdt")));
  }

  private static CdiNode node(CdiNodeReader n) {
    n.only("path", "hostPath", "type", "major", "minor", "fileMode", "permissions", "uid", "gid");
    String permissions = n.text("permissions");
    if (!permissions.matches("[rwm]{0,3}")) {
      throw new IllegalArgumentException(
          "the permissions \"" + permissions + "\" are not of r, w and m");
    }
    return new CdiNode(
        absolute(n, "path"),
        n.text("hostPath").isEmpty() ? n.text("path") : absolute(n, "hostPath"),
        n.text("type"),
        n.number("major"),
        n.number("minor"),
        n.number("fileMode").isPresent()
            ? Optional.of((int) n.number("fileMode").getAsLong() & 0777)
            : Optional.empty(),
        n.number("uid"),
        n.number("gid"),
        permissions.isEmpty() ? "rwm" : permissions);
  }

  private static Mount mount(CdiNodeReader m) {
    m.only("hostPath", "containerPath", "options", "type");
    List<String> options = new ArrayList<>(m.texts("options"));
    String type = m.text("type").isEmpty() ? "bind" : m.text("type");
    if (type.equals("bind") && !options.contains("bind") && !options.contains("rbind")) {
      options.add("rbind");
    }
    return new Mount(
        absolute(m, "containerPath"), type, m.text("hostPath"), options, List.of(), List.of());
  }

  private static Optional<IntelRdt> rdt(CdiNodeReader r) {
    r.only(
        "closID",
        "l3CacheSchema",
        "memBwSchema",
        "schemata",
        "enableMonitoring",
        "enableCMT",
        "enableMBM");
    return r.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new IntelRdt(
                r.text("closID"),
                r.texts("schemata"),
                r.text("l3CacheSchema"),
                r.text("memBwSchema"),
                r.flag("enableMonitoring") || r.flag("enableCMT") || r.flag("enableMBM")));
  }

  private static String absolute(CdiNodeReader r, String name) {
    String path = r.text(name);
    if (!path.startsWith("/") || path.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(
          "the " + name + " \"" + path + "\" is not an absolute path");
    }
    return path;
  }
}
