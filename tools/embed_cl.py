#!/usr/bin/env python3
"""Embeds OpenCL C files in one C file: embed_cl.py OUTPUT.c INPUT.cl...

The texts become byte arrays, because ISO C promises no string literal longer than 4095 characters.
"""
import os
import sys


def array(index, data):
    rows = [", ".join(str(byte) for byte in data[i:i + 32]) for i in range(0, len(data), 32)]
    body = ",\n    ".join(rows + ["0"])
    return f"static const unsigned char text_{index}[] = {{\n    {body}}};\n"


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: embed_cl.py OUTPUT.c INPUT.cl...")
    output, inputs = sys.argv[1], sys.argv[2:]
    texts, rows = [], []
    for index, path in enumerate(inputs):
        with open(path, "rb") as file:
            data = file.read()
        if b"\0" in data:
            sys.exit(f"{path}: contains a NUL byte")
        texts.append(array(index, data))
        rows.append(f'    {{"{os.path.basename(path)}", (const char *)text_{index}}},\n')
    with open(output, "w", encoding="ascii") as file:
        file.write('// Made by tools/embed_cl.py from the .cl files; edit those.\n#include "device/embedded.h"\n\n')
        file.write("\n".join(texts))
        file.write("\nconst gm_embedded_file gm_embedded_files[] = {\n" + "".join(rows) + "};\n")
        file.write(f"const size_t gm_embedded_count = {len(inputs)};\n")


if __name__ == "__main__":
    main()
