package dev.kapal.cri.service;

import dev.kapal.cri.translate.Attributes;
import dev.kapal.engine.ContainerInfo;
import dev.kapal.engine.PodInfo;
import dev.kapal.oci.OciJson;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** What {@code crictl inspect} and {@code inspectp} show beyond the status: one value of JSON. */
final class Inspections {
  private Inspections() {}

  static Map<String, String> of(PodInfo pod) {
    Map<String, Object> info = new LinkedHashMap<>();
    info.put("sandboxID", pod.id());
    info.put("runtimeHandler", Attributes.handler(pod));
    info.put("runtimeType", pod.runtime());
    info.put("hostname", pod.hostname());
    info.put("network", pod.networkMode());
    info.put("addresses", pod.addresses());
    pod.netns().ifPresent(path -> info.put("netns", path));
    info.put("cgroup", pod.cgroup());
    info.put("containers", pod.containers());
    info.put("runtimeAnnotations", pod.spec().annotations());
    info.put("sysctls", pod.spec().sysctls());
    return json(info);
  }

  static Map<String, String> of(ContainerInfo c) {
    Map<String, Object> info = new LinkedHashMap<>();
    info.put("sandboxID", c.spec().pod().map(p -> p.pod()).orElse(""));
    c.pid().ifPresent(pid -> info.put("pid", pid));
    info.put("removing", c.state() == dev.kapal.engine.ContainerState.REMOVING);
    info.put("name", c.name());
    info.put("snapshotKey", c.id());
    info.put("snapshotter", "overlayfs");
    info.put("runtimeType", c.runtime());
    info.put("process", process(c));
    info.put("privileged", c.spec().security().privileged());
    info.put("rootfs", c.paths().rootfs());
    info.put("cgroup", c.paths().cgroup());
    info.put("execs", c.execs());
    info.put("oomKilled", c.oomKilled());
    info.put("runtimeAnnotations", c.spec().annotations());
    return json(info);
  }

  private static Map<String, Object> process(ContainerInfo c) {
    Map<String, Object> process = new LinkedHashMap<>();
    process.put("args", c.process().words());
    // Values may be secrets.
    process.put("env", c.process().env().stream().map(Inspections::name).toList());
    process.put("cwd", c.process().workdir());
    process.put("user", c.process().user());
    process.put("terminal", c.spec().process().tty());
    return process;
  }

  private static String name(String variable) {
    int equals = variable.indexOf('=');
    return equals < 0 ? variable : variable.substring(0, equals);
  }

  private static Map<String, String> json(Map<String, Object> info) {
    return Map.of("info", new String(OciJson.write(info), StandardCharsets.UTF_8));
  }
}
