/* Counts the files of the input "files" and writes a greeting. KPL gives paths in variables; C needs no more. */
#define _XOPEN_SOURCE 700
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static long long least_bytes, num_files, num_bytes;

static const char *variable(const char *name) {
    const char *value = getenv(name);
    if (value == NULL) {
        fprintf(stderr, "%s is not set: this program is to be started by KPL.\n", name);
        exit(2);
    }
    return value;
}

static FILE *open_or_exit(const char *path, const char *mode) {
    FILE *file = fopen(path, mode);
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    return file;
}

/* The text after "key": in a flat JSON file, without quotes. Enough here; use a JSON library for nested values. */
static void json_value(const char *path, const char *key, char *value, size_t size) {
    char text[1 << 16], quoted[64];
    FILE *file = open_or_exit(path, "r");
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *found = strstr(text, quoted);
    if (found == NULL) {
        fprintf(stderr, "%s has no %s\n", path, key);
        exit(1);
    }
    found += strlen(quoted);
    found += strspn(found, " \"");
    snprintf(value, size, "%.*s", (int)strcspn(found, "\",}\n"), found);
}

static int count(const char *path, const struct stat *info, int type, struct FTW *position) {
    (void)path;
    (void)position;
    if (type == FTW_F && info->st_size >= least_bytes) {
        num_files++;
        num_bytes += info->st_size;
    }
    return 0;
}

static void send_event(const char *text) {
    FILE *events = open_or_exit(variable("KPL_EVENTS"), "a");
    fprintf(events, "%s\n", text);
    fclose(events);
}

static void send_metric(const char *name, long long value) {
    char text[160];
    snprintf(text, sizeof text, "{\"type\": \"metric\", \"name\": \"%s\", \"value\": %lld}", name, value);
    send_event(text);
}

int main(void) {
    char greeting[128], least[32], input[4096], path[4096];
    json_value(variable("KPL_PARAMETERS"), "greeting", greeting, sizeof greeting);
    json_value(variable("KPL_PARAMETERS"), "least_bytes", least, sizeof least);
    json_value(variable("KPL_INPUTS"), "path", input, sizeof input); /* the same as KPL_INPUT_FILES */
    least_bytes = atoll(least);

    send_event("{\"type\": \"progress\", \"value\": 0.1, \"message\": \"counting\"}");
    if (nftw(input, count, 16, FTW_PHYS) != 0) {
        perror(input);
        return 1;
    }

    snprintf(path, sizeof path, "%s/report.txt", variable("KPL_OUTPUT_REPORT"));
    FILE *report = open_or_exit(path, "w");
    fprintf(report, "%s from C: %lld files, %lld bytes\n", greeting, num_files, num_bytes);
    fclose(report);
    send_metric("files", num_files);
    send_metric("bytes", num_bytes);
    send_event("{\"type\": \"progress\", \"value\": 1}");
    printf("%s from C: %lld files, %lld bytes\n", greeting, num_files, num_bytes);
    return 0;
}
