package dev.kapal.linux;

import java.util.List;

/** The sizes of huge pages of this host, as the names of hugetlb's files have them. */
final class HugePageSizes {
  private HugePageSizes() {}

  static List<String> host() {
    return new CgroupFolder("/sys/kernel/mm/hugepages")
        .below().stream()
            .map(folder -> folder.path().substring(folder.path().lastIndexOf('/') + 1))
            .map(HugePageSizes::name)
            .filter(name -> !name.isEmpty())
            .sorted()
            .toList();
  }

  /** "hugepages-2048kB" is "2MB"; empty when it is no such name. */
  static String name(String folder) {
    if (!folder.matches("hugepages-\\d{1,12}kB")) {
      return "";
    }
    long kilobytes = Long.parseLong(folder.substring(10, folder.length() - 2));
    if (kilobytes >= 1 << 20) {
      return (kilobytes >> 20) + "GB";
    }
    return kilobytes >= 1 << 10 ? (kilobytes >> 10) + "MB" : kilobytes + "KB";
  }
}
