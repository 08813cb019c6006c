package dev.kapal.it;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * The arrows between modules and the places where dangerous tools may be used
 * (docs/architecture.md).
 */
final class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .withImportOption(location -> !location.contains("-tests.jar"))
          .importPackages("dev.kapal");

  /** What each module may know of the others. */
  private static final Map<String, List<String>> ARROWS = arrows();

  private static Map<String, List<String>> arrows() {
    Map<String, List<String>> arrows = new LinkedHashMap<>();
    arrows.put("linux", List.of());
    arrows.put("oci", List.of());
    arrows.put("image", List.of("oci", "linux"));
    arrows.put("runtime", List.of("oci", "linux"));
    arrows.put("network", List.of("linux"));
    arrows.put("streaming", List.of());
    arrows.put("config", List.of("runtime", "oci", "linux"));
    arrows.put("engine", List.of("oci", "linux", "image", "runtime", "network"));
    arrows.put("cli", List.of("oci", "linux", "image", "runtime", "network", "config", "engine"));
    arrows.put(
        "cri", List.of("oci", "linux", "image", "runtime", "network", "streaming", "engine"));
    arrows.put(
        "daemon",
        List.of(
            "oci",
            "linux",
            "image",
            "runtime",
            "network",
            "streaming",
            "config",
            "engine",
            "cli",
            "cri"));
    return arrows;
  }

  @Test
  void modulesKnowOnlyWhatLiesBelowThem() {
    ARROWS.forEach((module, below) -> {
      List<String> forbidden = new ArrayList<>();
      for (String other : ARROWS.keySet()) {
        if (!other.equals(module) && !below.contains(other)) {
          forbidden.add("dev.kapal." + other + "..");
        }
      }
      if (!forbidden.isEmpty()) {
        ArchRuleDefinition.noClasses()
            .that()
            .resideInAPackage("dev.kapal." + module + "..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(forbidden.toArray(String[]::new))
            .check(CLASSES);
      }
    });
  }

  @Test
  void theForeignFunctionApiStaysInKapalLinux() {
    ArchRuleDefinition.noClasses()
        .that()
        .resideOutsideOfPackage("dev.kapal.linux..")
        .should()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.lang.foreign.Linker")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.lang.foreign.SymbolLookup")
        .orShould()
        .dependOnClassesThat()
        .haveFullyQualifiedName("java.lang.foreign.FunctionDescriptor")
        .check(CLASSES);
  }

  @Test
  void unpackingNamesNoPaths() {
    ArchRuleDefinition.noClasses()
        .that()
        .resideInAnyPackage("dev.kapal.image.unpack..")
        .should()
        .callMethodWhere(
            com.tngtech.archunit.core.domain.JavaCall.Predicates.target(
                com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner(
                    com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo(
                        java.nio.file.Files.class))))
        .because("a path taken from an image is worked on by descriptor only")
        .allowEmptyShould(true)
        .check(CLASSES);
  }

  @Test
  void packagesFormNoCircles() {
    ARROWS
        .keySet()
        .forEach(module ->
            slices()
                .matching("dev.kapal." + module + ".(**)")
                .should()
                .beFreeOfCycles()
                .allowEmptyShould(true)
                .check(CLASSES));
  }
}
