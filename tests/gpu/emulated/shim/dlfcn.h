// Stands in for the header of the same name where engine cuda looks for cuDNN: it finds the emulated one (cudnn.cpp).
#pragma once

#define RTLD_LOCAL 0
#define RTLD_NOW 2
#define dlopen emulated_dlopen
#define dlsym emulated_dlsym
#define dlerror emulated_dlerror

void* emulated_dlopen(const char* name, int flags);
void* emulated_dlsym(void* library, const char* name);
const char* emulated_dlerror();
