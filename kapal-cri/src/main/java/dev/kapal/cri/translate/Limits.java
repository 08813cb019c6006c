package dev.kapal.cri.translate;

import dev.kapal.cri.proto.HugepageLimit;
import dev.kapal.cri.proto.LinuxContainerResources;
import dev.kapal.engine.spec.Resources;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;

/** Limits, both ways. In a message 0 and empty mean that nothing is said. */
public final class Limits {
  /** What the engine takes at least as a limit. */
  private static final long LEAST_MEMORY = 6 << 20;

  private Limits() {}

  /** As the engine has them. */
  public static Resources of(LinuxContainerResources r) {
    Resources.Builder b = Resources.builder();
    if (r.getCpuPeriod() != 0) {
      b.cpuPeriod(r.getCpuPeriod());
    }
    if (r.getCpuQuota() != 0) {
      b.cpuQuota(r.getCpuQuota());
    }
    if (r.getCpuShares() != 0) {
      b.cpuShares(r.getCpuShares());
    }
    if (r.getMemoryLimitInBytes() != 0) {
      b.memory(r.getMemoryLimitInBytes());
      // Without a word about swap there is to be none.
      b.memorySwap(
          r.getMemorySwapLimitInBytes() != 0
              ? r.getMemorySwapLimitInBytes()
              : r.getMemoryLimitInBytes());
    } else if (r.getMemorySwapLimitInBytes() != 0) {
      b.memorySwap(r.getMemorySwapLimitInBytes());
    }
    if (!r.getCpusetCpus().isEmpty()) {
      b.cpusetCpus(r.getCpusetCpus());
    }
    if (!r.getCpusetMems().isEmpty()) {
      b.cpusetMems(r.getCpusetMems());
    }
    Map<String, Long> pages = new LinkedHashMap<>();
    for (HugepageLimit limit : r.getHugepageLimitsList()) {
      if (limit.getLimit() < 0) {
        throw new IllegalArgumentException(
            "the limit of huge pages of " + limit.getPageSize() + " is beyond 2^63");
      }
      pages.put(limit.getPageSize(), limit.getLimit());
    }
    return b.hugepages(pages).unified(r.getUnifiedMap()).build();
  }

  /**
   * Sums over a pod, which limit nothing by themselves: a memory that no container could live with
   * is left out.
   */
  public static Resources sums(LinuxContainerResources r) {
    return r.getMemoryLimitInBytes() < LEAST_MEMORY
        ? of(r.toBuilder().clearMemoryLimitInBytes().clearMemorySwapLimitInBytes().build())
        : of(r);
  }

  /** How soon the kernel kills it for lack of memory, if anything is said of limits at all. */
  static OptionalInt oomScore(LinuxContainerResources r) {
    long adj = r.getOomScoreAdj();
    if (Math.abs(adj) > 1000) {
      throw new IllegalArgumentException("oom_score_adj " + adj + " is outside -1000 to 1000");
    }
    return OptionalInt.of((int) adj);
  }

  /** As the interface tells them. */
  static LinuxContainerResources message(Resources r, OptionalInt oomScore) {
    LinuxContainerResources.Builder b = LinuxContainerResources.newBuilder();
    r.cpuPeriod().ifPresent(b::setCpuPeriod);
    r.cpuQuota().ifPresent(b::setCpuQuota);
    r.cpuShares().ifPresent(b::setCpuShares);
    r.memory().ifPresent(b::setMemoryLimitInBytes);
    r.memorySwap().ifPresent(b::setMemorySwapLimitInBytes);
    oomScore.ifPresent(b::setOomScoreAdj);
    r.cpusetCpus().ifPresent(b::setCpusetCpus);
    r.cpusetMems().ifPresent(b::setCpusetMems);
    r.hugepages()
        .forEach((size, limit) ->
            b.addHugepageLimits(HugepageLimit.newBuilder().setPageSize(size).setLimit(limit)));
    return b.putAllUnified(r.unified()).build();
  }
}
