package dev.kapal.linux;

/**
 * One value to write.
 *
 * @param controller whose file it is
 * @param file in the group's directory
 * @param value to write
 */
record CgroupSetting(String controller, String file, String value) {}
