package dev.kapal.cri.service;

import dev.kapal.cri.config.CriConfig;
import dev.kapal.cri.proto.CgroupDriver;
import dev.kapal.cri.proto.LinuxRuntimeConfiguration;
import dev.kapal.cri.proto.RuntimeCondition;
import dev.kapal.cri.proto.RuntimeConfigRequest;
import dev.kapal.cri.proto.RuntimeConfigResponse;
import dev.kapal.cri.proto.RuntimeFeatures;
import dev.kapal.cri.proto.RuntimeHandler;
import dev.kapal.cri.proto.RuntimeHandlerFeatures;
import dev.kapal.cri.proto.RuntimeServiceGrpc;
import dev.kapal.cri.proto.RuntimeStatus;
import dev.kapal.cri.proto.StatusRequest;
import dev.kapal.cri.proto.StatusResponse;
import dev.kapal.cri.proto.UpdateRuntimeConfigRequest;
import dev.kapal.cri.proto.UpdateRuntimeConfigResponse;
import dev.kapal.cri.rpc.CallGroup;
import dev.kapal.cri.rpc.Calls;
import dev.kapal.engine.Engine;
import dev.kapal.engine.EngineSystem;
import dev.kapal.network.Readiness;
import dev.kapal.oci.OciJson;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.function.Supplier;

/** Whether the node can take pods, and what it offers them. */
public final class StatusCalls implements CallGroup {
  private static final System.Logger LOG = System.getLogger(StatusCalls.class.getName());

  private final Engine engine;
  private final Supplier<CriConfig> config;

  public StatusCalls(Engine engine, Supplier<CriConfig> config) {
    this.engine = engine;
    this.config = config;
  }

  @Override
  public void bind(Calls calls) {
    calls.unary(RuntimeServiceGrpc.getStatusMethod(), this::status);
    calls.unary(RuntimeServiceGrpc.getRuntimeConfigMethod(), this::runtimeConfig);
    calls.unary(RuntimeServiceGrpc.getUpdateRuntimeConfigMethod(), this::update);
  }

  private StatusResponse status(StatusRequest request) {
    SortedSet<String> runtimes = engine.system().runtimes();
    StatusResponse.Builder response =
        StatusResponse.newBuilder()
            .setStatus(
                RuntimeStatus.newBuilder()
                    .addConditions(
                        RuntimeCondition.newBuilder().setType("RuntimeReady").setStatus(true))
                    .addConditions(network(engine.networks().podReadiness())))
            .addAllRuntimeHandlers(handlers(runtimes))
            .setFeatures(RuntimeFeatures.newBuilder().setSupplementalGroupsPolicy(true).build());
    if (request.getVerbose()) {
      response.putAllInfo(info(runtimes));
    }
    return response.build();
  }

  private static RuntimeCondition network(Readiness readiness) {
    return RuntimeCondition.newBuilder()
        .setType("NetworkReady")
        .setStatus(readiness.ready())
        .setReason(readiness.reason())
        .setMessage(readiness.message())
        .build();
  }

  /** Those that can hold pods; the default one under the empty name, too. */
  private List<RuntimeHandler> handlers(SortedSet<String> runtimes) {
    String standard = engine.system().defaultRuntime();
    List<RuntimeHandler> handlers = new ArrayList<>();
    for (String name : runtimes) {
      dev.kapal.runtime.RuntimeFeatures features = engine.system().features(name);
      if (features.pods()) {
        if (name.equals(standard)) {
          handlers.addFirst(handler("", features));
        }
        handlers.add(handler(name, features));
      }
    }
    return handlers;
  }

  private static RuntimeHandler handler(String name, dev.kapal.runtime.RuntimeFeatures features) {
    return RuntimeHandler.newBuilder()
        .setName(name)
        .setFeatures(
            RuntimeHandlerFeatures.newBuilder()
                .setRecursiveReadOnlyMounts(features.recursiveReadOnly())
                .setUserNamespaces(features.userNamespaces() && features.idMappedMounts()))
        .build();
  }

  private Map<String, String> info(SortedSet<String> runtimes) {
    EngineSystem.Info facts = engine.system().info();
    Map<String, Object> shown = new LinkedHashMap<>();
    runtimes.forEach(name -> shown.put(name, config.get().shown(name)));
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("runtimes", shown);
    all.put("defaultRuntimeName", facts.defaultRuntime());
    all.put("cgroupDriver", facts.cgroupDriver());
    all.put("systemdCgroup", facts.cgroupDriver().equals("systemd"));
    all.put("cgroupVersion", facts.cgroupVersion());
    all.put("snapshotter", facts.storageDriver());
    all.put("sandboxImage", "embedded");
    all.put("rootDir", facts.dataDir());
    all.put("stateDir", facts.stateDir());
    // Where scripts that were written for another engine look.
    all.put(
        "containerd",
        Map.of(
            "runtimes", shown,
            "defaultRuntimeName", facts.defaultRuntime(),
            "snapshotter", facts.storageDriver()));
    Map<String, Object> versions = new LinkedHashMap<>();
    versions.put("kapal", facts.engineVersion());
    versions.put("commit", facts.engineCommit());
    versions.put("java", Runtime.version().toString());
    versions.put("kernel", facts.kernelVersion());
    return Map.of("config", json(all), "versions", json(versions));
  }

  private static String json(Object value) {
    return new String(OciJson.write(value), StandardCharsets.UTF_8);
  }

  private RuntimeConfigResponse runtimeConfig(RuntimeConfigRequest request) {
    boolean systemd = engine.system().cgroupDriver().equals("systemd");
    return RuntimeConfigResponse.newBuilder()
        .setLinux(
            LinuxRuntimeConfiguration.newBuilder()
                .setCgroupDriver(systemd ? CgroupDriver.SYSTEMD : CgroupDriver.CGROUPFS))
        .build();
  }

  /** The range of the node's pods is the CNI configuration's to say, so it is only told of. */
  private UpdateRuntimeConfigResponse update(UpdateRuntimeConfigRequest request) {
    String range = request.getRuntimeConfig().getNetworkConfig().getPodCidr();
    if (!range.isEmpty()) {
      LOG.log(
          System.Logger.Level.INFO,
          "the cluster gives this node the pod range {0}; the CNI configuration says what is used",
          range);
    }
    return UpdateRuntimeConfigResponse.getDefaultInstance();
  }
}
